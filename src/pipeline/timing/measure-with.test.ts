import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { requireMeasure, timeWith } from './measure-with.js';

const folder = mkdtempSync(join(tmpdir(), 'bitloom-measure-with-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const float = file('float.onnx', 'float');
const fast = file('fast.onnx', 'fast');
const faster = file('faster.onnx', 'faster');

describe('timeWith', () => {
  it('calls the module for each model in turns and gives ratios to the first', async () => {
    const log = join(folder, 'log');
    const device = file(
      'device.mjs',
      `import { appendFileSync } from 'node:fs';
       let calls = 0;
       export default async (path) => {
         appendFileSync(${JSON.stringify(log)}, path + '\\n');
         const drift = 1 + Math.floor(calls++ / 3) / 10;
         return drift * (path.includes('faster') ? 2 : path.includes('fast') ? 4 : 10);
       };`,
    );
    const rounds: number[] = [];
    const result = await timeWith(device, [float, fast, faster], { onRound: (done) => rounds.push(done) });
    expect(result.ratios.map(({ path, ratio }) => [path, ratio.toFixed(6)])).toEqual([
      [fast, '0.400000'],
      [faster, '0.200000'],
    ]);
    expect(result).toMatchObject({ provider: device, rounds: rounds.at(-1) });
    expect(result.models.map(({ path, bytes }) => [path, bytes])).toEqual([
      [float, 5],
      [fast, 4],
      [faster, 6],
    ]);
    const calls = readFileSync(log, 'utf8').trim().split('\n');
    expect(calls).toHaveLength(3 * (result.rounds + 1));
    for (let i = 0; i < calls.length; i += 3) expect(new Set(calls.slice(i, i + 3)).size).toBe(3);
    expect(new Set(calls.filter((_, i) => i % 3 === 0)).size).toBe(3);
  });

  it('says that a device is too noisy, with the spread', async () => {
    const text = 'let n = 0; export default (path) => 10 + (n++ % 7) * (path.includes("fast") ? 3 : 2);';
    const { noisy, spread } = await timeWith(file('noisy.mjs', text), [float, fast], { maxRounds: 20 });
    expect(noisy).toBe(true);
    expect(spread).toBeGreaterThan(0.2);
  });

  it.each([
    [
      'throws.mjs',
      'export default () => { throw new Error("no device"); }',
      'measure-failed',
      /float\.onnx: no device/,
    ],
    ['text.mjs', 'export default async () => "fast"', 'measure-no-time', /returned a string for float\.onnx/],
    ['nan.mjs', 'export default () => Number.NaN', 'measure-no-time', /returned NaN/],
    ['negative.mjs', 'export default () => -1', 'measure-no-time', /returned -1/],
    ['nothing.mjs', 'export default () => {}', 'measure-no-time', /returned undefined/],
    ['named.mjs', 'export const bench = () => 1', 'measure-without-function', /no function as its default export/],
    ['broken.mjs', 'export default (', 'measure-not-loaded', /cannot be loaded/],
  ])('refuses %s', async (name, text, code, message) => {
    const module = file(name, text);
    const refused = timeWith(module, [float]);
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.toMatchObject({ code, problems: [{ kind: 'option', place: { file: module } }] });
  });

  it('ends a call that hangs, even one that never yields', async () => {
    const busy = file('busy.mjs', 'export default () => { for (;;); }');
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error('stopped')), 500);
    await expect(timeWith(busy, [float], { signal: controller.signal })).rejects.toThrow('stopped');
    const lost = timeWith(busy, [float], { silenceMs: 1500 });
    await expect(lost).rejects.toMatchObject({ code: 'worker-silent' });
    await expect(lost).rejects.toThrow('busy.mjs');
  }, 20_000);
});

describe('requireMeasure', () => {
  it('loads the module and calls nothing', async () => {
    await requireMeasure(file('good.mjs', 'export default () => { throw new Error("called"); }'));
    await expect(requireMeasure(join(folder, 'nowhere.mjs'))).rejects.toMatchObject({ code: 'measure-not-loaded' });
  });
});
