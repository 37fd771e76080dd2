import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runModel, SHARED } from '../../test/support/run-model.js';
import type { Dim } from '../kernel/shape.js';
import { floats, ints } from '../kernel/tensor.js';
import { buildModel, value } from './build.js';
import type { GraphEdit } from './edit.js';
import { loadModel } from './from-onnx.js';
import type { Model, ValueType } from './model.js';
import { type Feeds, probeFeeds, typesOfValues } from './observe.js';
import { printType } from './print.js';
import { encodeModel } from './to-onnx.js';
import { inferTypes, openValues, shapeIn } from './types.js';

function over(shape: readonly Dim[], build: (edit: GraphEdit) => void): Model {
  return buildModel({ inputs: [value('x', 'float32', shape)], outputs: [{ name: 'y' }] }, build);
}

describe('inferTypes', () => {
  it('follows names through the shape arithmetic of an attention block', () => {
    const model = over(['batch', 'sequence', 12], (edit) => {
      const shape = edit.add({ op: 'Shape', inputs: ['x'] });
      const zero = edit.constant('zero', ints([0]));
      const rows = edit.add({ op: 'Gather', inputs: [shape, zero] });
      const target = edit.add({
        op: 'Concat',
        inputs: [rows, edit.constant('rest', ints([-1, 3, 4]))],
        attributes: { axis: 0 },
      });
      const heads = edit.add({ op: 'Reshape', inputs: ['x', target], outputs: ['heads'] });
      edit.add({ op: 'Transpose', inputs: [heads], outputs: ['y'], attributes: { perm: [0, 2, 1, 3] } });
    });
    const types = inferTypes(model);
    expect(shapeIn(types, 'heads')).toEqual(['batch', 'sequence', 3, 4]);
    expect(shapeIn(types, 'y')).toEqual(['batch', 3, 'sequence', 4]);
    expect(types.get('y')).toMatchObject({ source: 'inferred' });
    expect(types.get('x')).toMatchObject({ source: 'stated' });
  });

  it('gives an input dimension without a name one of its own', () => {
    const model = over([null, 3, 8, 8], (edit) => edit.add({ op: 'Relu', inputs: ['x'], outputs: ['y'] }));
    expect(shapeIn(inferTypes(model), 'y')).toEqual(['x.0', 3, 8, 8]);
  });

  it('does not let a stale statement fix a dimension that varies', () => {
    const model = over(['N', 4], (edit) => {
      edit.add({ op: 'Relu', inputs: ['x'], outputs: ['h'] });
      edit.add({ op: 'Relu', inputs: ['h'], outputs: ['y'] });
      edit.setType('h', { kind: 'tensor', dtype: 'float32', shape: [1, 4] });
    });
    expect(shapeIn(inferTypes(model), 'h')).toEqual(['N', 4]);
  });

  it('joins what the branches of If make', () => {
    const branch = (name: string, op: string) => ({
      kind: 'graph' as const,
      value: {
        ...over([], () => undefined).graph,
        name,
        inputs: [],
        outputs: [{ name: `${name}_y` }],
        nodes: [{ name, op, domain: '', inputs: ['x'], outputs: [`${name}_y`], attributes: new Map() }],
      },
    });
    const model = over(['N', 4], (edit) => {
      const test = edit.constant('test', { dtype: 'bool', dims: [], bytes: Uint8Array.of(1) });
      const attributes = { then_branch: branch('yes', 'Relu'), else_branch: branch('no', 'Neg') };
      edit.add({ op: 'If', inputs: [test], outputs: ['y'], attributes });
    });
    expect(shapeIn(inferTypes(model), 'y')).toEqual(['N', 4]);
  });
});

describe('typesOfValues', () => {
  const model = over(['N', 6], (edit) => {
    const found = edit.add({ op: 'NonZero', inputs: ['x'], outputs: ['found'] });
    edit.add({ op: 'Cast', inputs: [found], outputs: ['y'], attributes: { to: 1 } });
    edit.constant('unused', floats([0]));
  });

  it('observes what no rule tells, and says why', async () => {
    const types = await typesOfValues(model, runModel);
    expect(types.get('found')?.source).toBe('observed');
    expect(types.get('found')?.reason).toContain('seen in 2 runs');
    expect(openValues(model, types).has('found')).toBe(true);
    expect(shapeIn(types, 'found')).toEqual([2, null]);
  });

  it('names a dimension that varies as one of the inputs does', async () => {
    const dense: Feeds = { x: floats(new Array(12).fill(1), [2, 6]) };
    const more: Feeds = { x: floats(new Array(30).fill(1), [5, 6]) };
    const elements = over(['N', 6], (edit) => {
      const twice = edit.constant('twice', floats([2, 1], [2]));
      edit.add({ op: 'Resize', inputs: ['x', '', twice], outputs: ['wide'], attributes: { mode: 'nearest' } });
      edit.add({ op: 'Unique', inputs: ['wide'], outputs: ['unique'] });
      edit.add({ op: 'Compress', inputs: ['x', 'keep'], outputs: ['y'], attributes: { axis: 1 } });
      edit.setInitializer('keep', { dtype: 'bool', dims: [6], bytes: Uint8Array.of(1, 0, 1, 0, 1, 0) });
    });
    const types = await typesOfValues(elements, runModel, [dense, more]);
    expect(shapeIn(types, 'y')).toEqual(['N', 3]);
    expect(shapeIn(types, 'unique')).toEqual([1]);
    expect(shapeIn(types, 'wide')).toEqual([null, 6]);
  });
});

const MODELS = ['resnet20-cifar10.onnx', 'gpt2-smiles.onnx', 'bert-mini-sst2.onnx', 'minilm-l6-sst2/onnx/model.onnx'];
const BACKEND = ['light/light_densenet121.onnx', 'light/light_inception_v1.onnx', 'light/light_shufflenet.onnx'];
const files = [
  ...MODELS.map((file) => join(SHARED, 'models', file)),
  ...BACKEND.map((file) => join(SHARED, 'onnx-backend', file)),
];

describe.runIf(existsSync(SHARED))('inferred shapes of real models are those of a run', () => {
  it.each(files)('%s', async (file) => {
    const model = await loadModel(file);
    const bare: Model = { ...model, graph: { ...model.graph, types: new Map() } };
    const types = inferTypes(bare);
    expect([...openValues(bare, types)]).toEqual([]);
    const made = model.graph.nodes.flatMap((node) => node.outputs).filter((name) => types.has(name));
    const outputs = made.map((name) => ({ name }));
    const feeds = probeFeeds(model, 1);
    const seen = await runModel(encodeModel({ ...model, graph: { ...model.graph, outputs } }), feeds);
    const sizes = namedSizes(model, feeds);
    const wrong = made.filter((name) => {
      const { dtype, dims } = seen[name];
      const type = types.get(name)?.type;
      return !type || printType({ kind: 'tensor', dtype, shape: dims }) !== printType(withSizes(type, sizes));
    });
    expect(wrong).toEqual([]);
  });
});

function namedSizes(model: Model, feeds: Feeds): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  for (const input of model.graph.inputs) {
    const shape = input.type?.kind === 'tensor' ? (input.type.shape ?? []) : [];
    shape.forEach((dim, axis) => {
      if (typeof dim === 'string') sizes.set(dim, feeds[input.name].dims[axis]);
    });
  }
  return sizes;
}

function withSizes(type: ValueType, sizes: ReadonlyMap<string, number>): ValueType {
  if (type.kind !== 'tensor' || !type.shape) return type;
  const shape = type.shape.map((dim) => {
    if (typeof dim !== 'string') return dim;
    return dim.split('*').reduce((total, part) => total * (sizes.get(part) ?? Number(part)), 1);
  });
  return { ...type, shape };
}
