import { describe, expect, it } from 'vitest';
import { noise, positive } from '../../test/support/prove-equal.js';
import { difference, runGraph } from '../../test/support/run-model.js';
import { BitloomError } from '../kernel/errors.js';
import type { Dim } from '../kernel/shape.js';
import { floats, ints, toNumbers } from '../kernel/tensor.js';
import type { AttributeInput } from './attributes.js';
import { buildModel, value } from './build.js';
import type { GraphEdit } from './edit.js';
import type { FunctionDef, Graph, Model } from './model.js';
import { upgradeOpset } from './upgrade.js';
import { assertValid } from './verify.js';

type Attributes = Readonly<Record<string, AttributeInput>>;

interface Case {
  readonly what: string;
  readonly opset: number;
  readonly op: string;
  readonly attributes?: Attributes;
  readonly shape?: readonly Dim[];
  /** Further inputs. */
  readonly constants?: readonly Parameters<GraphEdit['constant']>[1][];
  readonly outputs?: number;
  /** Operators after the upgrade; the same one when left out. */
  readonly after?: readonly string[];
}

const DIMS = [2, 3, 4, 5] as const;

function single({ opset, op, attributes, shape = DIMS, constants = [], outputs = 1 }: Case): Model {
  const names = Array.from({ length: outputs }, (_, i) => `y${i}`);
  const head = { inputs: [value('x', 'float32', shape)], outputs: names.map((name) => ({ name })), opset };
  return buildModel(head, (edit) => {
    const inputs = ['x', ...constants.map((tensor, i) => edit.constant(`c${i}`, tensor))];
    edit.add({ name: 'node', op, inputs, outputs: names, ...(attributes && { attributes }) });
  });
}

const half = { float: 0.5 };
const SOFTMAX: readonly Case[] = ['Softmax', 'LogSoftmax', 'Hardmax'].flatMap((op) => [
  { what: 'flattened by default', opset: 11, op, after: ['Shape', 'Flatten', op, 'Reshape'] },
  {
    what: 'flattened in front of the last axis',
    opset: 12,
    op,
    attributes: { axis: -2 },
    after: ['Shape', 'Flatten', op, 'Reshape'],
  },
  { what: 'over the last axis', opset: 9, op, attributes: { axis: 3 } },
  { what: 'over channels that stand alone', opset: 7, op, shape: ['N', 6, 1, 1] },
]);

const REDUCTIONS: readonly Case[] = ['ReduceMean', 'ReduceMax', 'ReduceL2', 'ReduceLogSumExp', 'ReduceSum'].flatMap(
  (op) => [
    { what: 'of two axes', opset: 12, op, attributes: { axes: [1, 3], keepdims: 0 } },
    { what: 'of everything', opset: 11, op },
  ],
);

const RESIZE: readonly Case[] = [
  {
    what: 'nearest, enlarging',
    opset: 7,
    op: 'Upsample',
    attributes: { scales: { floats: [1, 1, 2, 1.5] } },
    after: ['Resize'],
  },
  {
    what: 'linear, enlarging',
    opset: 8,
    op: 'Upsample',
    attributes: { mode: 'linear', scales: { floats: [1, 1, 2, 3] } },
    after: ['Resize'],
  },
  {
    what: 'nearest, scales as input',
    opset: 9,
    op: 'Upsample',
    attributes: { mode: 'nearest' },
    constants: [floats([1, 1, 2, 2])],
    after: ['Resize'],
  },
  { what: 'nearest, enlarging', opset: 10, op: 'Resize', constants: [floats([1, 1, 1.5, 2])] },
  { what: 'nearest, reducing', opset: 10, op: 'Resize', constants: [floats([1, 1, 0.6, 0.5])] },
  {
    what: 'linear, reducing',
    opset: 10,
    op: 'Resize',
    attributes: { mode: 'linear' },
    constants: [floats([1, 1, 0.5, 0.6])],
  },
  {
    what: 'half pixels for nearest',
    opset: 11,
    op: 'Resize',
    attributes: { coordinate_transformation_mode: 'tf_half_pixel_for_nn', nearest_mode: 'floor' },
    constants: [floats([]), floats([1, 1, 1.5, 2.4])],
  },
  { what: 'to sizes', opset: 12, op: 'Resize', constants: [floats([]), floats([]), ints([2, 3, 7, 4])] },
];

const CASES: readonly Case[] = [
  ...SOFTMAX,
  ...REDUCTIONS,
  ...RESIZE,
  { what: 'both bounds', opset: 7, op: 'Clip', attributes: { min: { float: -0.5 }, max: half } },
  { what: 'one bound', opset: 10, op: 'Clip', attributes: { max: half } },
  { what: 'no bound', opset: 6, op: 'Clip' },
  { what: 'in inference', opset: 7, op: 'Dropout', attributes: { ratio: half } },
  { what: 'of every mode', opset: 10, op: 'Pad', attributes: { pads: [0, 0, 1, 2, 0, 0, 0, 1], value: half } },
  { what: 'reflected', opset: 9, op: 'Pad', attributes: { pads: [0, 0, 1, 2, 0, 0, 0, 1], mode: 'reflect' } },
  { what: 'some axes', opset: 9, op: 'Slice', attributes: { starts: [1, -3], ends: [9, -1], axes: [1, 3] } },
  { what: 'leading axes', opset: 7, op: 'Slice', attributes: { starts: [0, 1], ends: [1, 3] } },
  { what: 'values and places', opset: 9, op: 'TopK', attributes: { k: 2, axis: 2 }, outputs: 2 },
  { what: 'an axis of one', opset: 11, op: 'Squeeze', attributes: { axes: [1] }, shape: ['N', 1, 4] },
  { what: 'every axis of one', opset: 12, op: 'Squeeze', shape: [2, 1, 4, 1] },
  { what: 'two new axes', opset: 11, op: 'Unsqueeze', attributes: { axes: [0, -1] } },
  { what: 'stated sizes', opset: 11, op: 'Split', attributes: { axis: 3, split: [2, 3] }, outputs: 2 },
  { what: 'equal sizes', opset: 12, op: 'Split', attributes: { axis: 2 }, outputs: 2 },
  { what: 'equal sizes', opset: 13, op: 'Split', attributes: { axis: 1 }, outputs: 3 },
  {
    what: 'of channels',
    opset: 7,
    op: 'BatchNormalization',
    constants: [positive([3]), noise([3]), noise([3]), positive([3])],
  },
  {
    what: 'of single elements',
    opset: 8,
    op: 'BatchNormalization',
    attributes: { spatial: 0 },
    constants: [positive([3, 4, 5]), noise([3, 4, 5]), noise([3, 4, 5]), positive([3, 4, 5])],
    after: ['Add', 'Sqrt', 'Sub', 'Div', 'Mul', 'Add'],
  },
  {
    what: 'parameters per group',
    opset: 18,
    op: 'GroupNormalization',
    attributes: { num_groups: 2 },
    shape: [2, 6, 4],
    constants: [positive([2]), noise([2])],
  },
  {
    what: 'under its old name',
    opset: 10,
    op: 'Scatter',
    constants: [ints([1, 0], [1, 1, 1, 2]), noise([1, 1, 1, 2])],
    after: ['ScatterElements'],
  },
  { what: 'an operator that stayed', opset: 7, op: 'Elu' },
  {
    what: 'regions',
    opset: 10,
    op: 'RoiAlign',
    attributes: { output_height: 2, output_width: 2, sampling_ratio: 2 },
    constants: [floats([0, 0, 3, 3, 1, 0, 2, 3], [2, 4]), ints([0, 1])],
  },
  {
    what: 'modes by their old names',
    opset: 16,
    op: 'GridSample',
    attributes: { mode: 'bicubic' },
    constants: [noise([2, 2, 2, 2], 9)],
  },
];

function feed(shape: readonly Dim[]) {
  return {
    x: noise(
      shape.map((dim) => (typeof dim === 'number' ? dim : 2)),
      8,
    ),
  };
}

describe('upgradeOpset', () => {
  it.each(CASES)('$op of opset $opset: $what', async (item) => {
    const before = single(item);
    const after = upgradeOpset(before, 21);
    assertValid(after, { pass: 'upgrade', before: [] });
    expect(after.opsets.get('')).toBe(21);
    expect(after.graph.nodes.map((node) => node.op).sort()).toEqual([...(item.after ?? [item.op])].sort());
    const feeds = feed(item.shape ?? DIMS);
    // Batch norm of single elements is another formula; all others run the same kernel on the same numbers.
    const tolerance = item.attributes?.spatial === 0 ? 1e-6 : 0;
    expect(difference(await runGraph(before, feeds), await runGraph(after, feeds))).toBeLessThanOrEqual(tolerance);
  });

  it('stretches the second operand of opset 6 along its axis', async () => {
    const model = single({
      what: '',
      opset: 6,
      op: 'Add',
      attributes: { broadcast: 1, axis: 1 },
      constants: [floats([10, 20, 30])],
    });
    const { y0 } = await runGraph(upgradeOpset(model), { x: floats(new Array(120).fill(0), DIMS) });
    const numbers = Array.from(toNumbers(y0));
    expect([numbers[0], numbers[19], numbers[20], numbers[59], numbers[119]]).toEqual([10, 10, 20, 30, 30]);
  });

  it('gives a slope of opset 6 to each channel', async () => {
    const model = single({ what: '', opset: 6, op: 'PRelu', constants: [floats([1, 2, 3])] });
    const { y0 } = await runGraph(upgradeOpset(model), { x: floats(new Array(120).fill(-1), DIMS) });
    const numbers = Array.from(toNumbers(y0));
    expect([numbers[0], numbers[20], numbers[40]]).toEqual([-1, -2, -3]);
  });

  it('stops at the opset asked for', () => {
    const model = single({ what: '', opset: 11, op: 'ReduceMean', attributes: { axes: [1] } });
    const after = upgradeOpset(model, 13);
    expect(after.opsets.get('')).toBe(13);
    expect(after.graph.nodes[0].inputs).toEqual(['x']);
    expect(upgradeOpset(after, 13)).toBe(after);
  });

  it('gives an opset to a model that had no use for one', () => {
    const head = { inputs: [value('x', 'float32', [4])], outputs: [{ name: 'y' }] };
    const built = buildModel(head, (edit) =>
      edit.add({ op: 'Gelu', domain: 'com.microsoft', inputs: ['x'], outputs: ['y'] }),
    );
    const after = upgradeOpset({ ...built, irVersion: 8, opsets: new Map([['com.microsoft', 1]]) });
    expect({ opset: after.opsets.get(''), irVersion: after.irVersion }).toEqual({ opset: 21, irVersion: 10 });
  });

  it('goes into branches, and lets no new name shadow an outer one', async () => {
    const branch = (name: string): Graph => ({
      ...single({ what: '', opset: 10, op: 'Clip', attributes: { min: { float: -1 }, max: half } }).graph,
      name,
      inputs: [],
    });
    const renamed = (graph: Graph, suffix: string): Graph => ({
      ...graph,
      outputs: [{ name: `y_${suffix}` }],
      nodes: graph.nodes.map((node) => ({ ...node, outputs: [`y_${suffix}`] })),
    });
    const head = {
      inputs: [value('x', 'float32', [4]), value('test', 'bool', [])],
      outputs: [{ name: 'y' }],
      opset: 10,
    };
    const model = buildModel(head, (edit) => {
      edit.constant('node_min', floats([7], []));
      const attributes = {
        then_branch: { kind: 'graph', value: renamed(branch('yes'), 'yes') },
        else_branch: { kind: 'graph', value: renamed(branch('no'), 'no') },
      } as const;
      const chosen = edit.add({ op: 'If', inputs: ['test'], attributes });
      edit.add({ op: 'Add', inputs: [chosen, 'node_min'], outputs: ['y'] });
    });
    const feeds = { x: floats([-2, 0, 0.2, 2]), test: { dtype: 'bool', dims: [], bytes: Uint8Array.of(1) } } as const;
    const after = upgradeOpset(model);
    assertValid(after, { pass: 'upgrade', before: [] });
    expect(difference(await runGraph(model, feeds), await runGraph(after, feeds))).toBe(0);
  });

  it('goes into functions', async () => {
    const { graph } = single({ what: '', opset: 11, op: 'ReduceSum', attributes: { axes: [1], keepdims: 0 } });
    const body: FunctionDef = {
      name: 'total',
      domain: 'example',
      overload: '',
      inputs: ['x'],
      outputs: ['y0'],
      attributes: [],
      defaults: new Map(),
      nodes: graph.nodes,
      opsets: new Map([['', 11]]),
      types: new Map(),
    };
    const head = {
      inputs: [value('x', 'float32', [2, 3])],
      outputs: [{ name: 'y' }],
      opset: 11,
      domains: { example: 1 },
    };
    const built = buildModel(head, (edit) =>
      edit.add({ op: 'total', domain: 'example', inputs: ['x'], outputs: ['y'] }),
    );
    const after = upgradeOpset({ ...built, irVersion: 8, functions: [body] });
    const { y } = await runGraph(after, { x: floats([1, 2, 3, 4, 5, 6], [2, 3]) });
    expect(Array.from(toNumbers(y))).toEqual([6, 15]);
  });

  it('refuses all that it cannot carry over in one error', () => {
    const model = buildModel({ inputs: [value('x', 'float32', DIMS)], outputs: [{ name: 'y' }], opset: 9 }, (edit) => {
      const odd = edit.add({ name: 'odd', op: 'Crop', inputs: ['x'] });
      const dropped = edit.add({ name: 'drop', op: 'Dropout', inputs: [odd], outputs: ['d', 'mask'] });
      edit.add({ name: 'both', op: 'Add', inputs: [dropped, 'mask'], outputs: ['y'] });
    });
    expect(() => upgradeOpset(model)).toThrow(BitloomError);
    expect(() => upgradeOpset(model)).toThrow(/node odd \(Crop\)[\s\S]*node drop \(Dropout\).*mask is read/);
  });

  it.each([
    [
      'training',
      single({
        what: '',
        opset: 9,
        op: 'BatchNormalization',
        constants: [positive([3]), noise([3]), noise([3]), positive([3])],
        outputs: 5,
      }),
    ],
    [
      'rounds in different directions',
      single({ what: '', opset: 10, op: 'Resize', constants: [floats([1, 1, 2, 0.5])] }),
    ],
    [
      'number of its channels',
      single({
        what: '',
        opset: 18,
        op: 'GroupNormalization',
        shape: ['N', 'C', 4],
        constants: [positive([2]), noise([2])],
      }),
    ],
    ['from 6 to 21', single({ what: '', opset: 5, op: 'Relu' })],
  ])('refuses: %s', (reason, model) => {
    expect(() => upgradeOpset(model)).toThrow(reason);
  });
});
