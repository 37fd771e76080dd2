/** Random small networks written in primitives: what derivatives of whole programs are tested on. */
import fc from 'fast-check';
import { Builder } from '../../src/autodiff/builder.js';
import {
  add,
  broadcastTo,
  concat,
  div,
  exp,
  matmul,
  mean,
  mul,
  pad,
  permute,
  relu,
  reshape,
  scale,
  shift,
  slice,
  sqrt,
  square,
  sub,
} from '../../src/autodiff/ops.js';
import type { Term } from '../../src/autodiff/program.js';
import { ints } from '../../src/kernel/tensor.js';
import { normal } from './directions.js';
import type { Subject } from './subject.js';

/** Batch, positions, features; and classes at the end. */
const N = 2;
const T = 4;
const C = 3;
const CLASSES = 5;

/** Writes programs whose weights are inputs, since they move. */
interface Site {
  readonly b: Builder;
  weight(shape: readonly number[]): Term;
}

type Step = (site: Site, x: Term, y: Term) => Term;

/** Each keeps the shape [N, T, C]. */
const STEPS = {
  dense: ({ b, weight }, x) => add(b, matmul(b, x, weight([C, C])), weight([C])),
  gelu: ({ b }, x) => scale(b, mul(b, x, shift(b, b.one('Erf', [scale(b, x, Math.SQRT1_2)], {}), 1)), 0.5),
  silu: ({ b }, x) => mul(b, x, b.one('Sigmoid', [x], {})),
  relu: ({ b }, x) => relu(b, x),
  clip: ({ b }, x) => b.one('Clip', [x], { min: -1, max: 1.5 }),
  softplus: ({ b }, x) => b.one('Softplus', [x], {}),
  add: ({ b }, x, y) => add(b, x, y),
  product: ({ b }, x, y) => b.one('Tanh', [mul(b, x, y)], {}),
  quotient: ({ b }, x, y) => div(b, x, shift(b, exp(b, b.one('Tanh', [y], {})), 1)),
  greater: ({ b }, x, y) => b.one('Max', [x, y], {}),
  chosen: ({ b }, x, y) => b.one('Where', [b.one('Greater', [x, y], {}), square(b, b.one('Sin', [x], {})), y], {}),
  power: ({ b }, x) => b.one('Pow', [shift(b, b.one('Abs', [x], {}), 0.5), b.scalar(1.3, 'float64')], {}),
  layerNorm: ({ b, weight }, x) => {
    const centred = sub(b, x, mean(b, x, [2]));
    const deviation = sqrt(b, shift(b, mean(b, square(b, centred), [2]), 0.1));
    return mul(b, div(b, centred, deviation), weight([C]));
  },
  attention: ({ b }, x, y) => {
    const scores = b.one('Softmax', [scale(b, matmul(b, x, y, false, true), 1 / Math.sqrt(C))], { axis: 2 });
    return matmul(b, scores, x);
  },
  logSoftmax: ({ b }, x) => b.one('LogSoftmax', [x], { axis: 1 }),
  belowMaximum: ({ b }, x) => sub(b, x, b.one('ReduceMax', [x], { axes: [1] })),
  convolution: ({ b, weight }, x) =>
    b.one('Conv', [x, weight([T, T, 3])], { strides: [1], dilations: [1], pads: [1, 1], group: 1 }),
  depthwise: ({ b, weight }, x) => {
    const image = reshape(b, permute(b, x, [0, 2, 1]), [N, C, 2, T / 2]);
    const geometry = { strides: [1, 1], dilations: [1, 1], pads: [1, 1, 1, 1], group: C };
    return permute(b, reshape(b, b.one('Conv', [image, weight([C, 1, 3, 3])], geometry), [N, C, T]), [0, 2, 1]);
  },
  pool: ({ b }, x) => b.all('MaxPool', [x], { kernel: [2], strides: [1], dilations: [1], pads: [1, 0] })[0],
  rows: ({ b }, x) => b.one('Gather', [x, b.constant(ints([3, 0, 0, 2]), 'rows')], { axis: 1 }),
  halves: ({ b }, x, y) => concat(b, [slice(b, x, 1, 0, T / 2), slice(b, y, 1, T / 2, T)], 1),
  shifted: ({ b }, x) => slice(b, pad(b, x, [0, 1, 0, 0, 0, 0]), 1, 0, T),
  everyOther: ({ b }, x) => {
    const cut = b.one('Slice', [x], { starts: [0, 1, 0], ends: [N, T, C], steps: [1, 2, 1] });
    return reshape(b, broadcastTo(b, reshape(b, cut, [N, T / 2, 1, C]), [{ ...x, shape: [N, 1, 2, 1] }]), [N, T, C]);
  },
} satisfies Record<string, Step>;

interface Choice {
  readonly kind: keyof typeof STEPS;
  /** Steps back to the two values that it reads. */
  readonly back: number;
  readonly other: number;
}

function kinds(): (keyof typeof STEPS)[] {
  const isKind = (name: string): name is keyof typeof STEPS => Object.hasOwn(STEPS, name);
  return Object.keys(STEPS).filter(isKind);
}

/** A network of one to eight steps that ends in scores of classes. */
export const networks: fc.Arbitrary<readonly Choice[]> = fc.array(
  fc.record({
    kind: fc.constantFrom(...kinds()),
    back: fc.integer({ min: 0, max: 2 }),
    other: fc.integer({ min: 0, max: 4 }),
  }),
  { minLength: 1, maxLength: 8 },
);

/** Derivatives of the scores `z` [N, CLASSES] by the input and every weight, at a random point. */
export function networkSubject(choices: readonly Choice[], seed: number): Subject {
  const b = new Builder();
  const inputs: Term[] = [];
  const weight = (shape: readonly number[]) => {
    const term = b.input(`w${inputs.length}`, { dtype: 'float64', shape });
    inputs.push(term);
    return term;
  };
  const values = [weight([N, T, C])];
  choices.forEach(({ kind, back, other }, i) => {
    const earlier = (steps: number) => values[Math.max(0, values.length - 1 - steps)];
    b.origin = `${kind}${i}`;
    const step: Step = STEPS[kind];
    values.push(step({ b, weight }, earlier(back), earlier(other)));
  });
  b.origin = 'head';
  const pooled = reshape(b, mean(b, values[values.length - 1], [1]), [N, C]);
  const z = matmul(b, pooled, weight([C, CLASSES]));
  for (const term of inputs) b.setValue(term.name, term);
  const program = b.finish(new Map([['z', z]]));
  return { program, wrt: program.inputs.map(({ name }) => name), of: ['z'], point: normal(inputs, seed) };
}
