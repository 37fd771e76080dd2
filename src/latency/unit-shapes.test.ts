import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { addConv, noise, smallModel } from '../../test/plans.js';
import { loadModel } from '../graph/from-onnx.js';
import type { Model } from '../graph/model.js';
import { simplify } from '../simplify/simplify.js';
import { loadTarget } from './load-target.js';
import { unitCosts } from './unit-costs.js';
import { shapeKey } from './unit-shape.js';
import { unitShapes } from './unit-shapes.js';

function keysOf(model: Model, sizes = {}): readonly string[] {
  return [...unitShapes(model, sizes).shapes.values()].map(shapeKey);
}

describe('unitShapes', () => {
  it('gives units of the same work the same key', () => {
    const model = smallModel([1, 8, 6, 6], (edit) => {
      const first = addConv(edit, { from: 'x', channels: [8, 8], name: 'a' });
      const second = addConv(edit, { from: first, channels: [8, 8], name: 'b', seed: 7 });
      return addConv(edit, { from: second, channels: [8, 8], groups: 8, name: 'c' });
    });
    const plain = 'Conv 1x8x6x6 w8x8x3x3 1x8x6x6';
    expect(keysOf(model)).toEqual([plain, plain, 'Conv 1x8x6x6 w8x1x3x3 1x8x6x6 group=8']);
  });

  it('says which factor is the weight', () => {
    const model = smallModel([4, 4], (edit) => {
      const weight = edit.constant('w', noise([4, 4], 1));
      const right = edit.add({ op: 'MatMul', name: 'right', inputs: ['x', weight] });
      const left = edit.add({ op: 'MatMul', name: 'left', inputs: [weight, right] });
      return edit.add({ op: 'MatMul', name: 'none', inputs: [left, right] });
    });
    expect(keysOf(model)).toEqual(['MatMul 4x4 w4x4 4x4', 'MatMul w4x4 4x4 4x4', 'MatMul 4x4 4x4 4x4']);
  });

  it('runs strides and dilations, and takes the sizes given for open dimensions', () => {
    const model = smallModel([-1, 3, -1, -1], (edit) =>
      edit.add({
        op: 'Conv',
        name: 'conv',
        inputs: ['x', edit.constant('w', noise([2, 3, 3, 3], 1))],
        attributes: { strides: [2, 2], dilations: [2, 2] },
      }),
    );
    expect(keysOf(model)).toEqual(['Conv 1x3x224x224 w2x3x3x3 1x2x110x110 strides=2x2 dilations=2x2']);
    expect(keysOf(model, { batch: 5, image: 32 })).toEqual([
      'Conv 5x3x32x32 w2x3x3x3 5x2x14x14 strides=2x2 dilations=2x2',
    ]);
  });

  it('names the units whose sizes depend on data', () => {
    const model = smallModel([6], (edit) => {
      const found = edit.add({ op: 'NonZero', name: 'found', inputs: ['x'] });
      const floats = edit.add({ op: 'Cast', name: 'floats', inputs: [found], attributes: { to: 1 } });
      const turned = edit.add({ op: 'Transpose', name: 'turned', inputs: [floats], attributes: { perm: [1, 0] } });
      return edit.add({ op: 'MatMul', name: 'product', inputs: [turned, edit.constant('w', noise([1, 4], 1))] });
    });
    expect(unitShapes(model)).toEqual({ shapes: new Map(), open: ['product'] });
  });
});

const RESNET50 = '../shared/models/resnet50-imagenet.onnx';

describe.runIf(existsSync(RESNET50))('ResNet50 on the a100', () => {
  const FORMATS = ['f16', 'w8a8', 'w4a4'] as const;

  it.each([
    [1, [0.17, 0.139, 0.124]],
    [32, [1.301, 0.704, 0.406]],
  ])('takes what docs/targets.md prints, at batch %i', async (batch, expected) => {
    const { model } = await simplify(await loadModel(RESNET50), { evaluate: async () => ({}) });
    const { shapes, open } = unitShapes(model, { batch });
    expect([shapes.size, new Set([...shapes.values()].map(shapeKey)).size, open]).toEqual([54, 24, []]);
    const costs = unitCosts(loadTarget('a100'));
    const totals = FORMATS.map((format) =>
      [...shapes.values()].reduce((sum, shape) => {
        const found = costs.cost(shape, format);
        return sum + (found.source === 'roofline' ? found.cost : Number.NaN);
      }, 0),
    );
    expect(totals.map((total) => Math.round(total * 1000) / 1000)).toEqual(expected);
  });
});
