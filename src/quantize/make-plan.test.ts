import { describe, expect, it } from 'vitest';
import { addConv, noise, ortCpu, PLAIN_WEIGHTS, planOf, smallModel } from '../../test/plans.js';
import type { GraphEdit } from '../graph/edit.js';
import { loadTarget } from '../latency/load-target.js';
import { makePlan, uniformFormats, valuesToObserve } from './make-plan.js';
import { findUnits } from './units.js';

const DIMS = [1, 8, 6, 6];
const feeds = { x: noise(DIMS, 7) };
const conv = (edit: GraphEdit, from: string, name: string) =>
  addConv(edit, { from, channels: [8, 8], name, seed: name.length });

/** A residual block: conv, relu, conv, add, relu, then a mover and a last convolution. */
const residual = smallModel(DIMS, (edit) => {
  const stem = edit.add({ op: 'Relu', name: 'stemRelu', inputs: [conv(edit, 'x', 'stem')] });
  const branch = conv(edit, stem, 'branch');
  const sum = edit.add({ op: 'Add', name: 'add', inputs: [stem, branch] });
  const relu = edit.add({ op: 'Relu', name: 'relu', inputs: [sum] });
  const pool = edit.add({ op: 'MaxPool', name: 'pool', inputs: [relu], attributes: { kernel_shape: [2, 2] } });
  return conv(edit, pool, 'last');
});

describe('makePlan', () => {
  it('lets followers between quantized units be quantized, and stores what ReLU leaves, not what it reads', async () => {
    const plan = await planOf(residual, feeds, 'w8a8');
    expect(plan.followers).toEqual({ stemRelu: 8, add: 8, relu: 8, pool: 8 });
    expect(Object.keys(plan.activations).sort()).toEqual(
      ['x', 'stemRelu_output', 'branch_output', 'relu_output', 'pool_output', 'last_output'].sort(),
    );
  });

  it('gives a mover the scale of what it moves', async () => {
    const { activations } = await planOf(residual, feeds, 'w8a8');
    expect(activations.pool_output).toEqual(activations.relu_output);
  });

  it('leaves followers float where no reader wants integers, movers aside', async () => {
    const plan = await planOf(residual, feeds, { stem: 'w8a8', branch: 'w8a8' });
    expect(plan.followers).toEqual({ stemRelu: 8, add: 'float', relu: 'float', pool: 'float' });
  });

  it('stores nothing for a float plan', async () => {
    const plan = await planOf(residual, feeds, 'float');
    expect(plan.activations).toEqual({});
    expect(Object.values(plan.followers).every((bits) => bits === 'float')).toBe(true);
  });

  it('stores an input at each width that is asked of it', async () => {
    const plan = await planOf(residual, feeds, { stem: 'w8a8', branch: 'w4a4', last: 'w8a16' });
    expect(Object.keys(plan.activations.stemRelu_output)).toEqual(['4', '8']);
    expect(Object.keys(plan.activations.pool_output)).toEqual(['16']);
  });

  it('reports all that is wrong at once', () => {
    const request = { model: residual, modelHash: '', target: ortCpu, activations: {}, weights: PLAIN_WEIGHTS };
    expect(() => makePlan({ ...request, units: { stem: 'w4', brunch: 'w8a8', last: 'w8a8' } })).toThrow(
      /brunch.*Did you mean branch.*stem.*w4.*branch.*no format/s,
    );
    const units = { stem: 'w8a8', branch: 'w8a8', last: 'w8a8' } as const;
    expect(() => makePlan({ ...request, units })).toThrow(/tensor stemRelu_output: .*no parameters.*tensor x: /s);
  });
});

describe('valuesToObserve', () => {
  it('names each value that some plan may store, and no other', () => {
    expect([...valuesToObserve(residual, ortCpu)].sort()).toEqual(
      ['x', 'stemRelu_output', 'branch_output', 'relu_output', 'pool_output', 'last_output'].sort(),
    );
  });
});

describe('uniformFormats', () => {
  it('gives the format to all units that can take it, and the others a reason', () => {
    const model = smallModel(DIMS, (edit) => {
      const up = edit.add({
        op: 'ConvTranspose',
        name: 'up',
        inputs: [conv(edit, 'x', 'stem'), edit.constant('w', noise([8, 8, 3, 3], 1))],
      });
      return conv(edit, up, 'last');
    });
    const { formats, reasons } = uniformFormats(findUnits(model), 'w8a8', ortCpu);
    expect(formats).toEqual({ stem: 'w8a8', up: 'float', last: 'w8a8' });
    expect(reasons).toEqual({ up: expect.stringContaining('no integer kernel') });
  });
});

describe('loadTarget', () => {
  it('suggests the name that was meant', () => {
    expect(loadTarget('ort-cpu').ladder.Conv).toEqual(['float', 'w8a8']);
    expect(() => loadTarget('ort-gpu')).toThrow(/no target ort-gpu\n.*Did you mean ort-cpu/);
  });
});
