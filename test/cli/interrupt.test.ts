import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { temporaryFolder } from './command.js';
import { tinyModel } from './tiny-model.js';

const folder = temporaryFolder('interrupt');
const model = join(folder, 'tiny.onnx');
writeFileSync(model, tinyModel());

/** Samples that come too slowly for the run ever to end by itself. */
const slow = join(folder, 'slow.mjs');
writeFileSync(
  slow,
  `export default async function* samples() {
    for (let i = 0; ; i++) {
      yield { inputs: { x: [i, i, i] } };
      if (i === 20) console.error('reading');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }`,
);

/** A sample that never comes: the stage has no moment in which to stop by itself. */
const stuck = join(folder, 'stuck.mjs');
writeFileSync(
  stuck,
  `export default async function* samples() {
    yield { inputs: { x: [1, 2, 3] } };
    console.error('reading');
    await new Promise((resolve) => setTimeout(resolve, 600_000));
  }`,
);

interface Stopped {
  readonly status: number | null;
  readonly stderr: string;
  readonly seconds: number;
  readonly scratch: readonly string[];
  readonly wrote: boolean;
}

let made = 0;

/** Quantizes, and answers what stands on stderr with signals: each text is waited for after the one before. */
async function quantize(
  data: string,
  answers: readonly (readonly [text: string, signal: NodeJS.Signals])[],
  ...args: readonly string[]
): Promise<Stopped> {
  const scratch = join(folder, `scratch${++made}`);
  const out = join(folder, `out${made}`);
  mkdirSync(scratch);
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', 'src/cli/main.ts', 'quantize', model, '--data', data, '--out', out, ...args],
    {
      env: { ...process.env, TMPDIR: scratch, BITLOOM_CACHE: join(folder, `cache${made}`) },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  onTestFinished(() => void child.kill('SIGKILL'));
  const said = answering(child, answers);
  const [status] = await once(child, 'close');
  const { stderr, answeredMs } = said();
  return {
    status,
    stderr,
    seconds: (performance.now() - answeredMs) / 1000,
    scratch: readdirSync(scratch).filter((name) => name.startsWith('bitloom-')),
    wrote: existsSync(out),
  };
}

function answering(child: ChildProcess, answers: readonly (readonly [text: string, signal: NodeJS.Signals])[]) {
  const waiting = [...answers];
  let stderr = '';
  let answeredMs = 0;
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    const [next] = waiting;
    if (!next || !stderr.includes(next[0])) return;
    waiting.shift();
    answeredMs = performance.now();
    child.kill(next[1]);
  });
  return () => ({ stderr, answeredMs });
}

const STOPPING = 'stopping: what was measured is kept (Ctrl-C again ends at once)';

describe('the first signal', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)(
    '%s stops the run, says where it stood and how to go on, and ends with status %d',
    async (signal, code) => {
      const { status, stderr, scratch, wrote } = await quantize(slow, [['reading', signal]]);
      expect(stderr).toContain(`${STOPPING}\n`);
      expect(stderr).toMatch(/^interrupted in data\n {2}\S.*the same command goes on/m);
      expect(stderr).not.toContain('error');
      expect({ status, scratch, wrote }).toEqual({ status: code, scratch: [], wrote: false });
    },
  );

  it('is told as an event among events', async () => {
    const { status, stderr } = await quantize(slow, [['reading', 'SIGINT']], '--json-progress');
    const notes = stderr.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line)] : []));
    expect(notes).toContainEqual({ time: expect.any(String), event: 'note', stage: 'data', note: STOPPING });
    expect(stderr).not.toContain(`\n${STOPPING}`);
    expect(status).toBe(130);
  });
});

describe('the second signal', () => {
  it('ends at once what does not stop, and leaves nothing behind', async () => {
    const answers = [
      ['reading', 'SIGINT'],
      [STOPPING, 'SIGINT'],
    ] as const;
    const { status, seconds, scratch, wrote } = await quantize(stuck, answers);
    expect({ status, scratch, wrote }).toEqual({ status: 130, scratch: [], wrote: false });
    expect(seconds).toBeLessThan(5);
  });
});
