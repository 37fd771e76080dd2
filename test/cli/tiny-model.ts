import { buildModel, value } from '../../src/graph/build.js';
import { encodeModel } from '../../src/graph/to-onnx.js';
import { floats } from '../../src/kernel/tensor.js';

/** y[N,2] = x[N,3] times a weight, by the one unit `head`. */
export function tinyModel(): Uint8Array {
  const head = { inputs: [value('x', 'float32', ['N', 3])], outputs: [value('y', 'float32', ['N', 2])] };
  const model = buildModel(head, (edit) => {
    edit.constant('w', floats([1, 2, 3, 4, 5, 6], [3, 2]));
    edit.add({ op: 'MatMul', inputs: ['x', 'w'], outputs: ['y'], name: 'head' });
  });
  return encodeModel(model);
}
