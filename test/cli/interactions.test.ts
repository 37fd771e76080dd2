/** Plans under every source of interactions, from the command line and from TypeScript. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { quantizeCommand } from '../../src/cli/quantize.js';
import { buildModel, value } from '../../src/graph/build.js';
import { encodeModel } from '../../src/graph/to-onnx.js';
import { type QuantizeOptions, quantize } from '../../src/index.js';
import type { Progress } from '../../src/kernel/observer.js';
import { silent } from '../../src/kernel/observer.js';
import { INTERACTIONS, type InteractionsName } from '../../src/search/damage/damage-source.js';
import { addConv, noise } from '../plans.js';
import { inProcess, temporaryFolder } from './command.js';
import { network, npz, oneUnit, samples } from './small-inputs.js';

const folder = temporaryFolder('interactions');

function file(name: string, content: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const data = file('data.npz', npz({ x: samples(60) }));
const model = file('model.onnx', encodeModel(network()));

/** Two convolutions of one weight, and a classifier: the pair takes one format. */
const shared = file(
  'shared.onnx',
  encodeModel(
    buildModel(
      { inputs: [value('x', 'float32', ['N', 3, 8, 8])], outputs: [value('logits', 'float32', ['N', 4])] },
      (edit) => {
        const stem = addConv(edit, { from: 'x', channels: [3, 8], seed: 1, name: 'stem' });
        const w = edit.constant('w', noise([8, 8, 3, 3], 3));
        const conv = (x: string, name: string) =>
          edit.add({ op: 'Conv', name, inputs: [x, w], attributes: { pads: [1, 1, 1, 1] } });
        const flat = edit.add({ op: 'Flatten', inputs: [conv(conv(stem, 'once'), 'twice')] });
        edit.add({
          op: 'Gemm',
          name: 'head',
          inputs: [flat, edit.constant('head.w', noise([512, 4], 5, 0.1))],
          outputs: ['logits'],
        });
      },
    ),
  ),
);

const KEEP: Pick<QuantizeOptions, 'keep' | 'formats'> = { keep: 'kl=0.002', formats: ['w8a8', 'w4a4'] };
let made = 0;

async function plan(path: string, interactions: InteractionsName, asked: Partial<QuantizeOptions> = {}) {
  const out = join(folder, `out${made++}`);
  const stages: string[] = [];
  const progress = ({ stage }: Progress) => void stages.push(stage);
  const { report } = await quantize(
    { model: path, data, target: 'a100', ...KEEP, ranker: 'error', interactions, out, ...asked },
    { ...silent, progress },
  );
  return { report, bytes: readFileSync(join(out, 'model.onnx')), stages };
}

describe('quantize --interactions', () => {
  it.each(INTERACTIONS)('%s finds a plan inside the floor, the same one again', async (interactions) => {
    const first = await plan(model, interactions);
    expect(first.report.floor.status).toBe('held');
    expect(first.report.pairedLoss.selection.value).toBeLessThanOrEqual(0.002);
    expect(first.stages.includes('interactions') || interactions === 'none').toBe(true);
    const again = await plan(model, interactions, { fresh: true });
    expect(again.bytes.equals(first.bytes)).toBe(true);
  });

  it.each(['bisection', 'greedy'] as const)('orders the units of %s', async (search) => {
    const { report } = await plan(model, 'gram', { search, lambda: 2, normalisation: 'max' });
    expect(report.floor.status).toBe('held');
    expect(report.search.method).toBe(search);
  });

  it('counts units that share a weight once', async () => {
    const { report } = await plan(shared, 'pairs');
    expect(report.floor.status).toBe('held');
    const formats = new Map(report.units.map(({ name, format }) => [name, format]));
    expect(formats.get('twice')).toBe(formats.get('once'));
  });

  it('works where there is nothing to interact with', async () => {
    const one = file('one.onnx', encodeModel(oneUnit()));
    const flat = file('flat.npz', npz({ x: samples(60, [16]) }));
    for (const interactions of INTERACTIONS) {
      const { report } = await plan(one, interactions, { data: flat, keep: 'kl=0.0000001' });
      expect(report.units.map(({ name }) => name)).toEqual(['head']);
    }
  });

  it('refuses what it does not know', async () => {
    const out = join(folder, 'none');
    const args = ['--data', data, '--out', out, '--interactions', 'grams', '--lambda', '-1', '--pairs', '0'];
    const { status, stderr } = await inProcess(quantizeCommand, model, ...args);
    expect(status).toBe(1);
    expect(stderr).toContain('--interactions');
    expect(stderr).toContain('gram');
    expect(stderr).toContain('--lambda');
    expect(stderr).toContain('--pairs');
  });
});
