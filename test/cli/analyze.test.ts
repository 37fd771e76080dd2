/** What `analyze` tells of units, and how it refuses what cannot be analyzed. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { analyzeCommand } from '../../src/cli/analyze.js';
import { encodeModel } from '../../src/graph/to-onnx.js';
import { floats } from '../../src/kernel/tensor.js';
import { type AnalyzeOptions, analyze } from '../../src/pipeline/analyze/analyze.js';
import type { Analysis } from '../../src/report/analysis.js';
import { noise } from '../plans.js';
import { inProcess, temporaryFolder } from './command.js';
import { CLASSES, classifier, network, npz, oneUnit, samples } from './small-inputs.js';

const folder = temporaryFolder('analyze');

function file(name: string, content: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const model = file('model.onnx', encodeModel(network()));
const data = file('data.npz', npz({ x: samples(40) }));
const flat = file('flat.npz', npz({ x: samples(40, [16]) }));

async function analyzed(path: string, ...args: readonly string[]): Promise<Analysis> {
  const { status, stdout, stderr } = await inProcess(analyzeCommand, path, '--json', ...args);
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return JSON.parse(stdout);
}

describe('analyze', () => {
  const rankers = ['kl', 'hessian', 'hessian-trace', 'curvature', 'fisher', 'taylor', 'error', 'noise'];

  it('scores every unit in every format by every ranker, most sensitive first', async () => {
    const args = ['--data', data, '--quiet', '--formats', 'w8a8,w4a4', '--ranker', rankers.join()];
    const { units, formats, agreement, rankers: costs, samples: count } = await analyzed(model, ...args);
    expect(formats).toEqual(['w8a8', 'w4a4']);
    expect(costs.map(({ ranker }) => ranker)).toEqual(rankers);
    expect(units.map(({ name }) => name).toSorted()).toEqual(['first', 'head', 'second']);
    for (const { sensitivities } of units) expect(sensitivities).toHaveLength(2 * rankers.length);
    const highest = units.map(({ sensitivities }) =>
      Math.max(...sensitivities.flatMap(({ ranker, score }) => (ranker === 'kl' ? [score] : []))),
    );
    expect(highest).toEqual(highest.toSorted((a, b) => b - a));
    const shares = units.flatMap(({ sensitivities }) =>
      sensitivities.flatMap(({ ranker, format, share = 0 }) =>
        ranker === 'hessian' && format === 'w4a4' ? [share] : [],
      ),
    );
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
    expect(agreement).toHaveLength(rankers.length * (rankers.length - 1));
    const own = Object.fromEntries(costs.map(({ ranker, runs }) => [ranker, runs]));
    expect(own).toMatchObject({ kl: 6, 'hessian-trace': 0, taylor: expect.any(Number), error: 0 });
    expect(own.hessian).toBe(CLASSES);
    expect(count).toBeGreaterThan(0);
  });

  it('foretells what quantizing a unit alone does: curvature is the divergence where that is small', async () => {
    const args = ['--data', data, '--quiet', '--formats', 'w8a8', '--ranker', 'kl,curvature'];
    const { units } = await analyzed(model, ...args);
    for (const { sensitivities } of units) {
      const [measured, foretold] = sensitivities.map(({ score }) => score);
      expect(foretold / measured).toBeGreaterThan(0.5);
      expect(foretold / measured).toBeLessThan(2);
    }
  });

  it('prints tables in 80 columns', async () => {
    const { stdout } = await inProcess(analyzeCommand, model, '--data', data, '--quiet', '--ranker', 'hessian,kl');
    expect(stdout).toContain('hessian: tr(H)/n ||d||^2');
    expect(stdout).toContain('rank correlation of rankers in w8a8');
    expect(stdout.split('\n').filter((line) => line.length > 80 && !line.includes(folder))).toEqual([]);
  });

  it('runs nothing again', async () => {
    const options: AnalyzeOptions = { model, data, cache: join(folder, 'cache'), ranker: ['kl', 'hessian'] };
    const first = await analyze(options);
    const again = await analyze(options);
    expect(again.units).toEqual(first.units);
    expect(first.rankers.every(({ runs }) => runs > 0)).toBe(true);
    expect(again.rankers.map(({ runs }) => runs)).toEqual([0, 0]);
  });

  it('knows a model of one unit, whose order is no question', async () => {
    const one = file('one.onnx', encodeModel(oneUnit()));
    const { units, agreement } = await analyzed(one, '--data', flat, '--quiet', '--ranker', 'kl,taylor');
    expect(units.map(({ name }) => name)).toEqual(['head']);
    for (const each of agreement) expect(each).not.toHaveProperty('spearman');
  });

  it('notes a unit on which the outputs do not depend', async () => {
    const idle = classifier(['N', 16], 21, (edit) => {
      const inner = edit.add({ op: 'MatMul', name: 'idle', inputs: ['x', edit.constant('v', noise([16, 16], 2))] });
      const zero = edit.add({ op: 'Mul', inputs: [inner, edit.constant('zero', floats([0], []))] });
      const moved = edit.add({ op: 'Add', inputs: ['x', zero] });
      const weight = edit.constant('w', noise([16, CLASSES], 5));
      edit.add({ op: 'MatMul', name: 'head', inputs: [moved, weight], outputs: ['logits'] });
    });
    const path = file('idle.onnx', encodeModel(idle));
    const { units, notes } = await analyzed(path, '--data', flat, '--quiet', '--ranker', 'hessian');
    expect(notes).toContain('the outputs do not depend on idle: sensitivity 0');
    expect(units.at(-1)?.name).toBe('idle');
    expect(units.at(-1)?.sensitivities.map(({ score }) => score)).toEqual([0, 0, 0]);
  });
});

describe('analyze refuses', () => {
  const behind = (op: string, weights = noise([16, CLASSES], 5)) =>
    classifier(['N', 16], 21, (edit) => {
      const weight = edit.constant('w', weights);
      const product = edit.add({ op: 'MatMul', name: 'head', inputs: ['x', weight] });
      edit.add({ op, name: 'odd', inputs: [product], outputs: ['logits'] });
    });
  const none = classifier(['N', CLASSES], 21, (edit) => {
    edit.add({ op: 'Relu', inputs: ['x'], outputs: ['logits'] });
  });
  const narrow = file('narrow.npz', npz({ x: samples(40, [CLASSES]) }));
  /** Half of the features, which have no weight: the root is taken of 0, where it has no slope. */
  const unweighted = samples(40, [16]);
  if (unweighted.data instanceof Float32Array) for (let i = 0; i < 40; i++) unweighted.data.fill(0, 16 * i, 16 * i + 8);
  const firstHalf = floats(
    Array.from({ length: 16 * CLASSES }, (_, i) => (i < 8 * CLASSES ? 1 : 0)),
    [16, CLASSES],
  );

  it.each([
    ['an unknown ranker', [model, '--data', data, '--ranker', 'hesian'], ['ranker', 'hessian']],
    ['no data', [model], ['--data', 'is needed, or --calibration']],
    [
      'a model without units',
      [file('none.onnx', encodeModel(none)), '--data', narrow],
      ['no Conv, Gemm or MatMul whose weight could be quantized'],
    ],
    [
      'only the format that units have',
      [model, '--data', data, '--formats', 'float'],
      ['no unit may take a format other than its first'],
    ],
    [
      'a path without a derivative',
      [file('asinh.onnx', encodeModel(behind('Asinh'))), '--data', flat, '--ranker', 'hessian'],
      ['odd', 'Asinh', '--ranker kl'],
    ],
    [
      'a derivative that is not finite',
      [
        file('sqrt.onnx', encodeModel(behind('Sqrt', firstHalf))),
        '--data',
        file('zeros.npz', npz({ x: unweighted })),
        '--ranker',
        'taylor',
      ],
      ['odd', '--ranker kl'],
    ],
  ])('%s', async (_, args, says) => {
    const { status, stdout, stderr } = await inProcess(analyzeCommand, ...args, '--quiet');
    expect(stdout).toBe('');
    expect(status).toBe(1);
    for (const each of says) expect(stderr).toContain(each);
  });
});
