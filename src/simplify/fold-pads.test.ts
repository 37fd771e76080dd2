import { describe, expect, it } from 'vitest';
import { noise, prove } from '../../test/support/prove-equal.js';
import type { AttributeInput } from '../graph/attributes.js';
import { buildModel, value } from '../graph/build.js';
import type { Model } from '../graph/model.js';
import { floats, ints } from '../kernel/tensor.js';
import { dropDead } from './drop-dead.js';
import { foldPads } from './fold-pads.js';

interface Case {
  readonly op: 'Conv' | 'MaxPool' | 'AveragePool';
  readonly pads?: readonly number[];
  readonly value?: number;
  readonly before?: 'Relu' | 'Neg';
  readonly attributes?: Readonly<Record<string, AttributeInput>>;
  readonly axes?: readonly number[];
}

function padded({
  op,
  pads = [0, 0, 1, 0, 0, 0, 1, 1],
  value: fill = 0,
  before = 'Neg',
  attributes,
  axes,
}: Case): Model {
  return buildModel({ inputs: [value('x', 'float32', [1, 2, 6, 6])], outputs: [{ name: 'y' }] }, (edit) => {
    edit.add({ op: before, inputs: ['x'], outputs: ['h'] });
    const inputs = ['h', edit.constant('pads', ints(pads)), edit.constant('fill', floats([fill], []))];
    if (axes) inputs.push(edit.constant('axes', ints(axes)));
    edit.add({ op: 'Pad', inputs, outputs: ['p'] });
    const operands = op === 'Conv' ? ['p', edit.constant('w', noise([3, 2, 3, 3]))] : ['p'];
    edit.add({
      name: 'window',
      op,
      inputs: operands,
      outputs: ['y'],
      attributes: { kernel_shape: [3, 3], ...attributes },
    });
  });
}

describe('fold-pads', () => {
  it.each<Case>([
    { op: 'Conv' },
    { op: 'Conv', attributes: { pads: [1, 2, 0, 1], strides: [2, 2] } },
    { op: 'Conv', pads: [2, 1, 0, 1], axes: [-1, 2] },
    { op: 'AveragePool' },
    { op: 'AveragePool', attributes: { pads: [1, 1, 1, 1], count_include_pad: 1 } },
    { op: 'MaxPool', before: 'Relu' },
    { op: 'MaxPool', value: Number.NEGATIVE_INFINITY },
  ])('moves the padding into $op', async (item) => {
    const model = padded(item);
    const { apart, changes, after } = await prove(model, foldPads);
    expect({ apart, changes }).toEqual({ apart: 0, changes: 1 });
    const left = await dropDead.run(after);
    expect(left.model.graph.nodes.map((node) => node.op)).not.toContain('Pad');
  });

  it.each<Case & { readonly why: string }>([
    { op: 'Conv', value: 1, why: 'other than 0' },
    { op: 'Conv', attributes: { auto_pad: 'SAME_UPPER' }, why: 'auto_pad' },
    { op: 'AveragePool', attributes: { pads: [1, 1, 1, 1] }, why: 'does not count' },
    { op: 'AveragePool', attributes: { ceil_mode: 1 }, why: 'rounds its size up' },
    { op: 'MaxPool', why: 'may be a maximum' },
    { op: 'MaxPool', pads: [0, 0, 3, 3, 0, 0, 0, 0], before: 'Relu', why: 'as wide as the window' },
  ])('leaves $op where $why', async ({ why, ...item }) => {
    const { model, changes, notes } = await foldPads.run(padded(item));
    expect({ changes, unchanged: model.graph.nodes.length }).toEqual({ changes: 0, unchanged: 3 });
    expect(notes[0]).toContain(why);
  });

  it('does not look at padding of batch or channels, nor at cropping', async () => {
    expect((await foldPads.run(padded({ op: 'Conv', pads: [1, 0, 0, 0, 0, 0, 0, 0] }))).changes).toBe(0);
    expect((await foldPads.run(padded({ op: 'Conv', pads: [0, 0, -1, 0, 0, 0, 0, 0] }))).changes).toBe(0);
  });
});
