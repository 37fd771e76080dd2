import { describe, expect, it } from 'vitest';
import { addConv, noise, ortCpu, runModel, smallModel } from '../../../test/plans.js';
import { inferTypes } from '../../graph/types.js';
import { toFloat32 } from '../../kernel/tensor.js';
import { network } from '../../quantize/network.js';
import { isolate } from './isolate.js';

const model = smallModel([1, 4, 6, 6], (edit) => {
  const first = edit.add({ op: 'Relu', inputs: [addConv(edit, { from: 'x', channels: [4, 8], name: 'first' })] });
  const second = addConv(edit, { from: first, channels: [8, 8], name: 'second' });
  const sum = edit.add({ op: 'Add', inputs: [second, first] });
  const rows = edit.add({ op: 'Reshape', inputs: [sum, edit.constant('rows', shapeOf([8, 36]))] });
  const product = edit.add({ op: 'MatMul', name: 'third', inputs: [rows, edit.constant('w', noise([36, 5], 4))] });
  return edit.add({ op: 'Add', inputs: [product, edit.constant('b', noise([5], 6))] });
});
const net = network(model, ortCpu);
const surroundings = { model, net, types: inferTypes(model) };

function shapeOf(dims: readonly number[]) {
  return {
    dtype: 'int64' as const,
    dims: [dims.length],
    bytes: new Uint8Array(BigInt64Array.from(dims.map(BigInt)).buffer),
  };
}

function isolated(name: string) {
  const unit = net.units.find((each) => each.name === name);
  const found = unit && isolate(surroundings, unit);
  if (!found) throw new RangeError(`${name} is no unit`);
  return found;
}

describe('a unit alone', () => {
  it.each([
    ['first', ['Relu']],
    ['second', []],
    ['third', ['Add']],
  ])('keeps what is fused into it: %s', (name, followers) => {
    expect(isolated(name).followers).toEqual(followers);
  });

  it('runs, and makes what it makes in the model', async () => {
    const { graph } = isolated('first').model;
    const feeds = { x: noise([1, 4, 6, 6], 9) };
    const alone = await runModel(isolated('first').model, feeds);
    const [{ name }] = graph.outputs;
    const types = new Map(model.graph.types);
    const watched = { ...model, graph: { ...model.graph, types, outputs: [...model.graph.outputs, ...graph.outputs] } };
    const whole = await runModel(watched, feeds);
    expect([...toFloat32(alone[name])]).toEqual([...toFloat32(whole[name])]);
  });

  it('keeps the dimensions that the model leaves open', () => {
    const open = smallModel([1, 4, 6, 6], (edit) => addConv(edit, { from: 'x', channels: [4, 4], name: 'conv' }));
    const inputs = open.graph.inputs.map((input) => ({
      ...input,
      type: { kind: 'tensor', dtype: 'float32', shape: ['N', 4, 6, 6] } as const,
    }));
    const named = { ...open, graph: { ...open.graph, inputs } };
    const inner = network(named, ortCpu);
    const found = isolate({ model: named, net: inner, types: inferTypes(named) }, inner.units[0]);
    expect(found?.shapes).toEqual([['N', 4, 6, 6]]);
  });
});
