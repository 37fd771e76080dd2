import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { buildModel, value } from './graph/build.js';
import type { GraphEdit } from './graph/edit.js';
import { inspect, inspectModel } from './inspect.js';
import { floats } from './kernel/tensor.js';
import { printInspection } from './report/inspection.js';

const zeros = (...dims: readonly number[]) => floats(new Array(dims.reduce((a, b) => a * b)).fill(0), dims);

function model(input: readonly (number | string)[], build: (edit: GraphEdit) => void) {
  return buildModel({ inputs: [value('x', 'float32', input)], outputs: [value('y', 'float32')] }, build);
}

describe('inspectModel counts multiply-accumulates', () => {
  it('of a grouped, strided convolution', () => {
    const conv = model(['N', 8, 16, 16], (edit) => {
      edit.constant('w', zeros(4, 2, 3, 3));
      edit.add({
        op: 'Conv',
        inputs: ['x', 'w'],
        outputs: ['y'],
        attributes: { group: 4, strides: [2, 2], pads: [1, 1, 1, 1] },
      });
    });
    // 4 channels of 8 x 8 positions, each over 2 x 3 x 3 weights.
    expect(inspectModel(conv, 'conv').macs).toEqual({ total: 4 * 64 * 18, at: { x: '[1,8,16,16]' }, uncounted: 0 });
  });

  it('of a transposed convolution', () => {
    const up = model([1, 3, 5, 5], (edit) => {
      edit.constant('w', zeros(3, 4, 2, 2));
      edit.add({ op: 'ConvTranspose', inputs: ['x', 'w'], outputs: ['y'], attributes: { strides: [2, 2] } });
    });
    expect(inspectModel(up, 'up').macs.total).toBe(3 * 25 * 4 * 4);
  });

  it('of Gemm and MatMul, a product of two activations included', () => {
    const products = model([6, 5], (edit) => {
      edit.constant('w', zeros(5, 7));
      edit.add({ op: 'Gemm', inputs: ['x', 'w'], outputs: ['h'], name: 'gemm' });
      edit.add({ op: 'Transpose', inputs: ['h'], outputs: ['t'], attributes: { perm: [1, 0] } });
      edit.add({ op: 'MatMul', inputs: ['h', 't'], outputs: ['y'], name: 'product' });
    });
    const { units, macs } = inspectModel(products, 'products');
    expect(units.map(({ name, parameters, macs: own }) => [name, parameters, own])).toEqual([
      ['gemm', 35, 6 * 5 * 7],
      ['product', 0, 6 * 7 * 6],
    ]);
    expect(macs.total).toBe(210 + 252);
  });
});

const RESNET50 = '../shared/models/resnet50-imagenet.onnx';

describe.runIf(existsSync(RESNET50))('inspect on ResNet50', () => {
  it('counts what the literature counts, within 80 columns', async () => {
    const inspection = await inspect(RESNET50);
    expect(inspection.units).toHaveLength(54);
    // He et al. (2016) give 3.8 G for the variant with strides on the 1x1 convolutions; 4.09 G with them on the 3x3.
    expect(inspection.macs.total / 1e9).toBeCloseTo(4.09, 2);
    expect(
      printInspection(inspection)
        .split('\n')
        .filter((line) => line.length > 80),
    ).toEqual([]);
  });
});
