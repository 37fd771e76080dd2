/**
 * A second process at a store, told what to do by its arguments:
 *
 *     hold FOLDER             opens the run, says "held", and stays
 *     keep FOLDER FROM        opens the run and keeps results without end, saying the number of each once it is kept
 *     share FOLDER FROM TO    keeps and finds results in a cache
 */
import { setTimeout } from 'node:timers/promises';
import { openCache } from '../../src/store/cache.js';
import { resultKind } from '../../src/store/result-kind.js';
import { openRun } from '../../src/store/run-store.js';

const PROBE = resultKind<{ readonly i: number; readonly values: Float32Array }>('probe');
const ABOUT = { id: 'r', command: 'quantize', model: { path: 'm.onnx', hash: 'aaaa' }, settings: {} };

/** Every eighth value is large enough to be a file. */
function probe(i: number) {
  return { i, values: new Float32Array(i % 8 === 0 ? 30_000 : 800).fill(i) };
}

const ACTIONS: Readonly<Record<string, (folder: string, from: number, to: number) => Promise<void>>> = {
  hold: async (folder) => {
    await openRun(folder, ABOUT);
    say('held');
    await setTimeout(60_000);
  },
  keep: async (folder, from) => {
    const run = await openRun(folder, ABOUT);
    for (let i = from; ; i++) {
      await run.keep(PROBE, { i }, probe(i));
      say(String(i));
    }
  },
  share: async (folder, from, to) => {
    const cache = await openCache(folder, { maxBytes: 2 ** 30 });
    for (let i = from; i < to; i++) {
      await cache.once(PROBE, { i }, async () => probe(i));
      await cache.find(PROBE, { i: to - i });
    }
    await cache.close();
    say('done');
  },
};

/** Written at once, so that what was said before a kill arrives. */
function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

const [action, folder, from = '0', to = '0'] = process.argv.slice(2);
await ACTIONS[action](folder, Number(from), Number(to));
