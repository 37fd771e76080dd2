import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { benchCommand } from '../../src/cli/bench.js';
import { buildModel, value } from '../../src/graph/build.js';
import { encodeModel } from '../../src/graph/to-onnx.js';
import { inProcess, temporaryFolder } from './command.js';
import { tinyModel } from './tiny-model.js';

const folder = temporaryFolder('bench');

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const tiny = file('tiny.onnx', tinyModel());
const text = file('text.onnx', encodeModel(relu(['N', 'tokens'])));
const fixed = file('fixed.onnx', encodeModel(relu([4, 3])));
const device = file('device.mjs', 'export default (path) => (path.includes("fixed") ? 2 : 8);');

function relu(shape: readonly (number | string)[]) {
  const head = { inputs: [value('x', 'float32', shape)], outputs: [value('y', 'float32', shape)] };
  return buildModel(head, (edit) => {
    edit.add({ op: 'Relu', inputs: ['x'], outputs: ['y'] });
  });
}

const bench = (...args: readonly string[]) => inProcess(benchCommand, ...args, '--quiet');
const json = async (...args: readonly string[]) => JSON.parse((await bench(...args, '--json')).stdout);

describe('bitloom bench', () => {
  it('times one model alone, for every number of threads', async () => {
    const runs = await json(text, '--batch', '3', '--threads', '1,2', '--length', '7');
    expect(runs.map(({ batch, threads }: Record<string, unknown>) => [batch, threads])).toEqual([
      [3, 1],
      [3, 2],
    ]);
    expect(runs[0]).toMatchObject({ ratios: [], models: [{ path: text }] });
    expect(runs[0].models[0].samplesPerSecond).toBeGreaterThan(0);
  });

  it('prints a table for each combination in 80 columns', async () => {
    const { status, stdout } = await bench(tiny, '--batch', '1,8', '--threads', '1');
    expect(status).toBe(0);
    expect(stdout).toContain('1 thread, batch 8');
    expect(stdout).toContain('samples a second');
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });

  it('says that a batch is fixed, measures what can be, and fails where nothing can', async () => {
    const runs = await json(fixed, '--batch', '4,8', '--threads', '1');
    expect(runs).toMatchObject([
      { batch: 4, rounds: expect.any(Number) },
      { batch: 8, refused: expect.stringContaining('4') },
    ]);
    expect(await json(fixed, '--threads', '1')).toMatchObject([{ batch: 4 }]);
    const failed = await bench(fixed, '--batch', '8', '--threads', '1');
    expect(failed.status).toBe(1);
    expect(failed.stderr).toContain('--batch: the model');
  });

  it('takes times from a module', async () => {
    const [run] = await json(tiny, fixed, '--measure-with', device);
    expect(run).toMatchObject({ provider: device, noisy: false, spread: 0, ratios: [{ ratio: 0.25, low: 0.25 }] });
    expect(run).not.toHaveProperty('threads');
    const printed = await bench(tiny, fixed, '--measure-with', device);
    expect(printed.stdout).toContain('0.250 (0.250 .. 0.250)');
    const refused = await bench(tiny, '--measure-with', device, '--threads', '2');
    expect(refused.stderr).toContain('--threads: cannot be given together with --measure-with');
  });
});
