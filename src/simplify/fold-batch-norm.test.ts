import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { noise, positive, prove } from '../../test/support/prove-equal.js';
import { buildModel, value } from '../graph/build.js';
import type { GraphEdit } from '../graph/edit.js';
import type { Model } from '../graph/model.js';
import { floats } from '../kernel/tensor.js';
import { foldBatchNorm } from './fold-batch-norm.js';

/** Folding rounds each weight once more: a few units of float32's last place, relative to the largest output. */
const TOLERANCE = 2e-6;

function normalize(edit: GraphEdit, input: string, channels: number, outputs: readonly string[]): void {
  const parameters = [
    edit.constant('scale', positive([channels], 2)),
    edit.constant('shift', noise([channels], 3)),
    edit.constant('mean', noise([channels], 4)),
    edit.constant('variance', positive([channels], 5)),
  ];
  edit.add({ name: 'norm', op: 'BatchNormalization', inputs: [input, ...parameters], outputs });
}

interface Layer {
  readonly op: 'Conv' | 'ConvTranspose' | 'Gemm' | 'MatMul';
  readonly input: readonly number[];
  readonly weight: readonly number[];
  readonly channels: number;
  readonly bias: boolean;
  readonly attributes?: Readonly<Record<string, number | { readonly float: number }>>;
}

function normalized({ op, input, weight, channels, bias, attributes = {} }: Layer): Model {
  return buildModel({ inputs: [value('x', 'float32', input)], outputs: [{ name: 'y' }] }, (edit) => {
    const inputs = ['x', edit.constant('weight', noise(weight, 6))];
    if (bias) inputs.push(edit.constant('bias', noise([channels], 7)));
    edit.add({ name: 'layer', op, inputs, outputs: ['h'], attributes });
    normalize(edit, 'h', channels, ['y']);
  });
}

describe('fold-batch-norm', () => {
  it.each<Layer>([
    { op: 'Conv', input: [2, 4, 6, 6], weight: [6, 4, 3, 3], channels: 6, bias: false },
    { op: 'Conv', input: [2, 4, 6, 6], weight: [4, 1, 3, 3], channels: 4, bias: true, attributes: { group: 4 } },
    { op: 'Conv', input: [2, 4, 9], weight: [5, 4, 3], channels: 5, bias: true },
    { op: 'ConvTranspose', input: [2, 4, 5, 5], weight: [4, 3, 3, 3], channels: 3, bias: true },
    {
      op: 'ConvTranspose',
      input: [2, 6, 5, 5],
      weight: [6, 4, 2, 2],
      channels: 8,
      bias: false,
      attributes: { group: 2 },
    },
    { op: 'Gemm', input: [3, 5], weight: [5, 4], channels: 4, bias: true },
    {
      op: 'Gemm',
      input: [3, 5],
      weight: [4, 5],
      channels: 4,
      bias: true,
      attributes: { transB: 1, beta: { float: 0.5 } },
    },
    { op: 'Gemm', input: [3, 5], weight: [5, 4], channels: 4, bias: false, attributes: { alpha: { float: 2 } } },
    { op: 'MatMul', input: [3, 5], weight: [5, 4], channels: 4, bias: false },
  ])('folds into $op $weight (bias $bias)', async (layer) => {
    const { apart, changes, ops, after } = await prove(normalized(layer), foldBatchNorm);
    expect({ changes, ops }).toEqual({ changes: 1, ops: [layer.op === 'MatMul' ? 'Gemm' : layer.op] });
    expect(apart).toBeLessThan(TOLERANCE);
    expect(after.graph.nodes[0]).toMatchObject({ name: 'layer', outputs: ['y'] });
  });

  it('holds for any group count', async () => {
    const shape = fc.record({
      groups: fc.integer({ min: 1, max: 4 }),
      perGroup: fc.integer({ min: 1, max: 3 }),
      inputs: fc.integer({ min: 1, max: 3 }),
      transposed: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(shape, async ({ groups, perGroup, inputs, transposed }) => {
        const [from, to] = [groups * inputs, groups * perGroup];
        const weight = transposed ? [from, perGroup, 2, 2] : [to, inputs, 2, 2];
        const op = transposed ? 'ConvTranspose' : 'Conv';
        const layer: Layer = {
          op,
          input: [1, from, 4, 4],
          weight,
          channels: to,
          bias: true,
          attributes: { group: groups },
        };
        const { apart, ops } = await prove(normalized(layer), foldBatchNorm);
        expect(ops).toEqual([op]);
        expect(apart).toBeLessThan(TOLERANCE);
      }),
      { numRuns: 15, seed: 5 },
    );
  });

  it('keeps a weight that another layer shares', async () => {
    const model = buildModel(
      { inputs: [value('x', 'float32', [1, 2, 4, 4])], outputs: [{ name: 'y' }, { name: 'plain' }] },
      (edit) => {
        const weight = edit.constant('weight', noise([2, 2, 1, 1], 1));
        edit.add({ name: 'first', op: 'Conv', inputs: ['x', weight], outputs: ['h'] });
        edit.add({ name: 'second', op: 'Conv', inputs: ['x', weight], outputs: ['plain'] });
        normalize(edit, 'h', 2, ['y']);
      },
    );
    const { apart, after } = await prove(model, foldBatchNorm);
    expect(apart).toBeLessThan(TOLERANCE);
    expect(after.graph.nodes.map((node) => node.inputs[1])).toEqual(['weight_2', 'weight']);
  });

  it('leaves a layer whose output has other readers, and one with nothing before it, and says so', async () => {
    const shared = buildModel(
      { inputs: [value('x', 'float32', [1, 2, 4, 4])], outputs: [{ name: 'y' }, { name: 'h' }] },
      (edit) => {
        edit.add({ name: 'layer', op: 'Conv', inputs: ['x', edit.constant('w', noise([2, 2, 1, 1]))], outputs: ['h'] });
        normalize(edit, 'h', 2, ['y']);
      },
    );
    const first = buildModel({ inputs: [value('x', 'float32', [1, 2, 4, 4])], outputs: [{ name: 'y' }] }, (edit) =>
      normalize(edit, 'x', 2, ['y']),
    );
    expect(await prove(shared, foldBatchNorm)).toMatchObject({
      changes: 0,
      notes: ['norm: the output of layer has other readers'],
    });
    expect((await prove(first, foldBatchNorm)).notes[0]).toContain('no Conv');
  });

  it('leaves a scale that would make weights infinite', async () => {
    const layer: Layer = { op: 'Conv', input: [1, 1, 2, 2], weight: [1, 1, 1, 1], channels: 1, bias: false };
    const model = normalized(layer);
    const initializers = new Map(model.graph.initializers).set('variance', floats([-1]));
    const broken = { ...model, graph: { ...model.graph, initializers } };
    const { changes, notes } = await foldBatchNorm.run(broken);
    expect({ changes, notes }).toEqual({ changes: 0, notes: ['norm: its scale or offset is not finite'] });
  });
});
