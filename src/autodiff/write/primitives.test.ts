import { describe, expect, it } from 'vitest';
import { runGraph } from '../../../test/support/run-model.js';
import { type DenseTensor, floats, fromNumbers, ints, type Tensor, toNumbers } from '../../kernel/tensor.js';
import { Builder } from '../builder.js';
import type { Params, Primitive } from '../primitives.js';
import { toModel } from './to-model.js';

/** One application, and the numbers of its first output. */
interface Example<P extends Primitive> {
  readonly inputs: readonly DenseTensor[];
  readonly params: Params[P];
  readonly result: readonly number[];
}

const POSITIVE = [0.25, 1, 4];
const ANY = [-2, 0, 0.5];

function unary(numbers: readonly number[], reference: (x: number) => number) {
  return { inputs: [floats(numbers)], params: {}, result: numbers.map(reference) };
}

function binary(reference: (x: number, y: number) => number) {
  const [x, y] = [
    [3, 2, 0.5],
    [2, 2, 2],
  ];
  const column = floats([2], [1]);
  return { inputs: [floats(x), column], params: {}, result: x.map((number, i) => reference(number, y[i])) };
}

const SQUARE = floats([1, 2, 3, 4], [2, 2]);
const LINE = [1, 2, 3, 4];
const POSITIONS = ints([2, 0, 2]);
/** A kernel of two on an axis of four, a zero before it, every second position. */
const WINDOW = { strides: [2], dilations: [1], pads: [1, 0] };

const EXAMPLES: { readonly [P in Primitive]: Example<P> } = {
  Neg: unary(ANY, (x) => -x),
  Abs: unary(ANY, Math.abs),
  Sign: unary(ANY, Math.sign),
  Exp: unary(ANY, Math.exp),
  Log: unary(POSITIVE, Math.log),
  Sqrt: unary(POSITIVE, Math.sqrt),
  Reciprocal: unary(POSITIVE, (x) => 1 / x),
  Sin: unary(ANY, Math.sin),
  Cos: unary(ANY, Math.cos),
  Erf: { inputs: [floats([-1, 0, 0.5])], params: {}, result: [-0.8427008, 0, 0.5204999] },
  Tanh: unary(ANY, Math.tanh),
  Sigmoid: unary(ANY, (x) => 1 / (1 + Math.exp(-x))),
  Softplus: unary(ANY, (x) => Math.log1p(Math.exp(x))),
  Relu: unary(ANY, (x) => Math.max(0, x)),
  Clip: { inputs: [floats(ANY)], params: { min: Number.NEGATIVE_INFINITY, max: 0.25 }, result: [-2, 0, 0.25] },
  Cast: { inputs: [floats([1.7, -1.7])], params: { to: 'int64' }, result: [1, -1] },
  Copy: { inputs: [floats(ANY)], params: { name: 'x:copy' }, result: ANY },

  Add: binary((x, y) => x + y),
  Sub: binary((x, y) => x - y),
  Mul: binary((x, y) => x * y),
  Div: binary((x, y) => x / y),
  Pow: binary((x, y) => x ** y),
  Max: binary(Math.max),
  Min: binary(Math.min),
  Greater: binary((x, y) => +(x > y)),
  Equal: binary((x, y) => +(x === y)),
  And: {
    inputs: [fromNumbers('bool', [2], [1, 0]), fromNumbers('bool', [1], [1])],
    params: {},
    result: [1, 0],
  },
  Where: { inputs: [fromNumbers('bool', [2], [1, 0]), floats([1, 2]), floats([3])], params: {}, result: [1, 3] },

  MatMul: { inputs: [SQUARE, SQUARE], params: { transA: true, transB: false }, result: [10, 14, 14, 20] },
  Conv: {
    inputs: [floats(LINE, [1, 1, 4]), floats([1, 10], [1, 1, 2])],
    params: { ...WINDOW, group: 1 },
    result: [10, 32],
  },
  ConvInput: {
    inputs: [floats([1, 2], [1, 1, 2]), floats([1, 10], [1, 1, 2])],
    params: { ...WINDOW, group: 1, spatial: [4] },
    result: [10, 2, 20, 0],
  },
  ConvWeight: {
    inputs: [floats(LINE, [1, 1, 4]), floats([1, 10], [1, 1, 2])],
    params: { ...WINDOW, group: 1, kernel: [2] },
    result: [20, 31],
  },

  ReduceSum: { inputs: [SQUARE], params: { axes: [0] }, result: [4, 6] },
  ReduceMax: { inputs: [SQUARE], params: { axes: [1] }, result: [2, 4] },
  Softmax: { inputs: [floats([0, Math.log(3)])], params: { axis: 0 }, result: [0.25, 0.75] },
  LogSoftmax: { inputs: [floats([0, Math.log(3)])], params: { axis: 0 }, result: [Math.log(0.25), Math.log(0.75)] },
  MaxPool: { inputs: [floats(LINE, [1, 1, 4])], params: { ...WINDOW, kernel: [2] }, result: [1, 3] },

  Reshape: { inputs: [SQUARE], params: { shape: [4] }, result: LINE },
  Transpose: { inputs: [SQUARE], params: { perm: [1, 0] }, result: [1, 3, 2, 4] },
  Expand: { inputs: [floats([1, 2], [2, 1])], params: { shape: [2, 2] }, result: [1, 1, 2, 2] },
  Concat: { inputs: [SQUARE, floats([5, 6], [2, 1])], params: { axis: 1 }, result: [1, 2, 5, 3, 4, 6] },
  Slice: { inputs: [floats(LINE)], params: { starts: [1], ends: [4], steps: [2] }, result: [2, 4] },
  Pad: { inputs: [floats([1, 2])], params: { pads: [1, 2] }, result: [0, 1, 2, 0, 0] },
  Gather: { inputs: [floats([1, 2, 3]), POSITIONS], params: { axis: 0 }, result: [3, 1, 3] },
  ScatterAdd: { inputs: [floats([1, 2, 3]), POSITIONS], params: { axis: 0, size: 4 }, result: [2, 0, 4, 0] },
  GatherElements: { inputs: [floats([1, 2, 3]), POSITIONS], params: { axis: 0 }, result: [3, 1, 3] },
  ScatterElements: { inputs: [floats([1, 2, 3]), POSITIONS], params: { axis: 0, shape: [4] }, result: [2, 0, 4, 0] },

  Opaque: {
    inputs: [floats([1.5, -1.5])],
    params: {
      op: 'Floor',
      domain: '',
      attributes: new Map(),
      absent: [],
      outputs: [{ dtype: 'float32', shape: [2] }],
    },
    result: [1, -2],
  },
};

async function written<P extends Primitive>(op: P, { inputs, params }: Example<P>): Promise<Tensor> {
  const b = new Builder();
  const terms = inputs.map(({ dtype, dims }, i) => b.input(`x${i}`, { dtype, shape: dims }));
  const model = toModel(b.finish(new Map([['y', b.one(op, terms, params)]])));
  const { y } = await runGraph(model, Object.fromEntries(inputs.map((input, i) => [`x${i}`, input])));
  return y;
}

function isPrimitive(name: string): name is Primitive {
  return Object.hasOwn(EXAMPLES, name);
}

describe('a primitive as ONNX nodes', () => {
  it.each(Object.keys(EXAMPLES).filter(isPrimitive))('%s computes what it says', async (op) => {
    const example = EXAMPLES[op] as Example<Primitive>;
    const y = Array.from(toNumbers(await written(op, example)));
    expect(y).toHaveLength(example.result.length);
    example.result.forEach((number, i) => {
      expect(y[i]).toBeCloseTo(number, 5);
    });
  });
});
