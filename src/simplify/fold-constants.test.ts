import { describe, expect, it } from 'vitest';
import { noise, prove } from '../../test/support/prove-equal.js';
import { runModel } from '../../test/support/run-model.js';
import { buildModel, value } from '../graph/build.js';
import type { GraphEdit } from '../graph/edit.js';
import type { Model } from '../graph/model.js';
import { floats, fromNumbers, ints, toNumbers } from '../kernel/tensor.js';
import { constantsToInitializers } from './constants-to-initializers.js';
import { dropDead } from './drop-dead.js';
import { foldConstants } from './fold-constants.js';
import { foldShapes } from './fold-shapes.js';
import { weightsNotInputs } from './weights-not-inputs.js';

const fold = foldConstants({ evaluate: runModel });

function over(build: (edit: GraphEdit) => void): Model {
  return buildModel({ inputs: [value('x', 'float32', ['N', 4])], outputs: [{ name: 'y' }] }, build);
}

describe('fold-constants', () => {
  it('uncovers a weight that is cast, reshaped and transposed', async () => {
    const model = over((edit) => {
      const stored = edit.constant('w', fromNumbers('float16', [20], toNumbers(noise([20]))));
      const wide = edit.add({ op: 'Cast', inputs: [stored], attributes: { to: 1 } });
      const table = edit.add({ op: 'Reshape', inputs: [wide, edit.constant('to', ints([5, 4]))] });
      const weight = edit.add({ op: 'Transpose', inputs: [table], outputs: ['w_t'], attributes: { perm: [1, 0] } });
      edit.add({ op: 'MatMul', inputs: ['x', weight], outputs: ['y'] });
    });
    const { apart, changes, after } = await prove(model, fold);
    expect({ apart, changes }).toEqual({ apart: 0, changes: 1 });
    const { model: left } = await dropDead.run(after);
    expect(left.graph.nodes.map((node) => node.op)).toEqual(['MatMul']);
    expect([...left.graph.initializers.keys()]).toEqual(['w_t']);
  });

  it('leaves what is random, what is quantized, and graph outputs', async () => {
    const model = buildModel(
      { inputs: [value('x', 'float32', ['N', 4])], outputs: [{ name: 'y' }, { name: 'c' }] },
      (edit) => {
        const scale = edit.constant('scale', floats([0.1], []));
        const weight = edit.constant('w', fromNumbers('int8', [4, 2], [1, 2, 3, 4, 5, 6, 7, 8]));
        const wide = edit.add({ op: 'DequantizeLinear', inputs: [weight, scale] });
        const turned = edit.add({ op: 'Neg', inputs: [wide] });
        edit.add({ op: 'MatMul', inputs: ['x', turned], outputs: ['y'] });
        edit.add({ op: 'Neg', inputs: [scale], outputs: ['c'] });
        edit.add({ op: 'RandomNormal', inputs: [], outputs: ['r'], attributes: { shape: [2] } });
      },
    );
    expect(await prove(model, fold)).toMatchObject({ changes: 0, apart: 0 });
  });

  it('leaves a result that would make the file grow beyond the bound', async () => {
    const model = over((edit) => {
      const zeros = edit.add({ name: 'zeros', op: 'ConstantOfShape', inputs: [edit.constant('shape', ints([4, 3]))] });
      edit.add({ op: 'MatMul', inputs: ['x', zeros], outputs: ['y'] });
    });
    const tight = await prove(model, foldConstants({ evaluate: runModel, maxBytes: 40 }));
    expect(tight).toMatchObject({
      changes: 0,
      notes: ['zeros: its result has 48 bytes, more than its constants and than 40'],
    });
    expect(await prove(model, foldConstants({ evaluate: runModel, maxBytes: 48 }))).toMatchObject({
      changes: 1,
      apart: 0,
    });
  });

  it('keeps values that a subgraph reads', async () => {
    const inner = (name: string, op: string) => {
      const node = { name, op, domain: '', inputs: ['x', 'bias'], outputs: [`${name}_y`], attributes: new Map() };
      const { graph } = over(() => undefined);
      return {
        kind: 'graph',
        value: { ...graph, name, inputs: [], outputs: [{ name: `${name}_y` }], nodes: [node] },
      } as const;
    };
    const model = over((edit) => {
      edit.add({ op: 'Neg', inputs: [edit.constant('raw', noise([4]))], outputs: ['bias'] });
      const test = edit.constant('test', { dtype: 'bool', dims: [], bytes: Uint8Array.of(1) });
      const attributes = { then_branch: inner('yes', 'Add'), else_branch: inner('no', 'Sub') };
      edit.add({ op: 'If', inputs: [test], outputs: ['y'], attributes });
    });
    const { apart, changes, after } = await prove(model, fold);
    expect({ apart, changes }).toEqual({ apart: 0, changes: 1 });
    expect((await prove(after, dropDead)).after.graph.initializers.has('bias')).toBe(true);
  });
});

describe('fold-shapes', () => {
  it('computes shape arithmetic over static dimensions and leaves dynamic ones', async () => {
    const model = over((edit) => {
      const shape = edit.add({ op: 'Shape', inputs: ['x'] });
      const width = edit.add({ name: 'width', op: 'Gather', inputs: [shape, edit.constant('one', ints([1]))] });
      const rows = edit.add({ name: 'rows', op: 'Gather', inputs: [shape, edit.constant('zero', ints([0]))] });
      const half = edit.add({ name: 'half', op: 'Div', inputs: [width, edit.constant('two', ints([2]))] });
      const target = edit.add({ op: 'Concat', inputs: [rows, half, 'two'], attributes: { axis: 0 } });
      edit.add({ op: 'Reshape', inputs: ['x', target], outputs: ['y'] });
    });
    const { apart, changes, ops } = await prove(model, foldShapes);
    expect({ apart, changes, ops }).toEqual({ apart: 0, changes: 2, ops: ['Shape', 'Gather', 'Concat', 'Reshape'] });
  });
});

describe('constants-to-initializers', () => {
  it('takes every kind of constant, and leaves a graph output', async () => {
    const model = buildModel(
      { inputs: [value('x', 'float32', [2])], outputs: [{ name: 'y' }, { name: 'shown' }] },
      (edit) => {
        const one = edit.add({ op: 'Constant', inputs: [], attributes: { value_float: { float: 1.5 } } });
        const two = edit.add({ op: 'Constant', inputs: [], attributes: { value_floats: { floats: [1, 2] } } });
        const three = edit.add({ op: 'Constant', inputs: [], attributes: { value: floats([3, 4]) } });
        const axis = edit.add({ op: 'Constant', inputs: [], attributes: { value_ints: [0] } });
        edit.add({ op: 'Constant', inputs: [], outputs: ['shown'], attributes: { value_int: 7 } });
        const total = edit.add({ op: 'Sum', inputs: ['x', one, two, three] });
        edit.add({ op: 'ReduceSum', inputs: [total, axis], outputs: ['y'] });
      },
    );
    const { apart, changes, notes, ops } = await prove(model, constantsToInitializers);
    expect({ apart, changes, ops }).toEqual({ apart: 0, changes: 4, ops: ['Constant', 'Sum', 'ReduceSum'] });
    expect(notes).toHaveLength(1);
  });
});

describe('weights-not-inputs', () => {
  const listed = (irVersion: number): Model => {
    const model = over((edit) => {
      edit.add({ op: 'MatMul', inputs: ['x', edit.constant('w', noise([4, 2]))], outputs: ['y'] });
    });
    const inputs = [...model.graph.inputs, value('w', 'float32', [4, 2])];
    return { ...model, irVersion, opsets: new Map([['', 8]]), graph: { ...model.graph, inputs } };
  };

  it('takes weights off the inputs of a model from before IR version 4', async () => {
    const { model, changes } = await weightsNotInputs.run(listed(3));
    expect({ changes, inputs: model.graph.inputs.map((input) => input.name) }).toEqual({ changes: 1, inputs: ['x'] });
  });

  it('keeps a default that callers may replace, and does not fold it', async () => {
    expect((await weightsNotInputs.run(listed(8))).changes).toBe(0);
    const model = listed(8);
    const hidden = { ...model.graph.nodes[0], name: 'turn', op: 'Neg', inputs: ['w'], outputs: ['w_n'] };
    const nodes = [hidden, { ...model.graph.nodes[0], inputs: ['x', 'w_n'] }];
    expect((await fold.run({ ...model, graph: { ...model.graph, nodes } })).changes).toBe(0);
  });
});
