import { describe, expect, it } from 'vitest';
import { floats, ints } from '../kernel/tensor.js';
import { buildModel, value } from './build.js';
import { printModel, printType } from './print.js';
import { inferTypes, plainTypes } from './types.js';

describe('printModel', () => {
  it('prints one line a node, with types, constants and attributes', () => {
    const model = buildModel(
      { inputs: [value('x', 'float32', ['N', 4])], outputs: [value('y', 'float32', ['N', 2])], name: 'tiny' },
      (edit) => {
        edit.constant('w', floats(new Array(8).fill(1), [4, 2]));
        edit.constant('axes', ints([1]));
        edit.constant('big', floats(new Array(9).fill(0)));
        edit.add({
          name: 'mix',
          op: 'Gemm',
          inputs: ['x', 'w'],
          outputs: ['h'],
          attributes: { alpha: { float: 0.5 } },
        });
        edit.add({ name: 'softmax', op: 'Softmax', inputs: ['h'], outputs: ['y'], attributes: { axis: -1 } });
      },
    );
    expect(printModel(model, { types: plainTypes(inferTypes(model)) })).toBe(
      [
        'model ir 10, ai.onnx 21',
        'graph tiny',
        '  input x: float32[N,4]',
        '  const w: float32[4,2] = [1,1,1,1,1,1,1,1]',
        '  const axes: int64[1] = [1]',
        '  const big: float32[9]',
        '  h: float32[N,2] = Gemm(x, w) {alpha=0.5}  # mix',
        '  y: float32[N,2] = Softmax(h) {axis=-1}  # softmax',
        '  output y: float32[N,2]',
      ].join('\n'),
    );
  });

  it('prints types that are not tensors', () => {
    expect(printType({ kind: 'sequence', element: { kind: 'tensor', dtype: 'int64' } })).toBe('sequence(int64)');
    expect(printType({ kind: 'map', key: 'string', value: { kind: 'tensor', dtype: 'float32', shape: [null] } })).toBe(
      'map(string, float32[?])',
    );
  });
});
