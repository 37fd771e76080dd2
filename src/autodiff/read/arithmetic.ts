import { intAttribute } from '../../graph/attributes.js';
import { sizeOf } from '../../kernel/shape.js';
import type { Builder } from '../builder.js';
import { add, div, exp, matmul, neg, permute, reshape, scale, sqrt, sub } from '../ops.js';
import type { None, Params } from '../primitives.js';
import type { Term } from '../program.js';
import { constantOf, type ReadRule, type ReadRules } from './rule.js';

/** Primitives without parameters. */
type Plain = { [P in keyof Params]: Params[P] extends None ? P : never }[keyof Params];

/** Operators that are primitives themselves. */
function plain<P extends Plain>(op: P): ReadRule {
  return ({ b, inputs }) => [b.one<Plain>(op, inputs, {})];
}

const SAME = [
  ...(['Neg', 'Abs', 'Sign', 'Exp', 'Log', 'Sqrt', 'Reciprocal', 'Sin', 'Cos', 'Erf', 'Tanh', 'Sigmoid'] as const),
  ...(['Softplus', 'Relu', 'Add', 'Sub', 'Mul', 'Div', 'Where'] as const),
];

/** Operators that take any number of inputs. */
function folded(op: 'Add' | 'Max' | 'Min'): ReadRule {
  return ({ b, inputs: [first, ...rest] }) => [rest.reduce((total, x) => b.one(op, [total, x], {}), first)];
}

const cast: ReadRule = ({ b, inputs: [x], outputs: [type] }) => type && [b.one('Cast', [x], { to: type.dtype })];

/** Exponents that have an operator of their own; a number of another type becomes one of the base's. */
const pow: ReadRule = ({ b, inputs: [x, p] }) => {
  const exponent = b.constantScalar(p);
  if (exponent === undefined) {
    const power = p.dtype === x.dtype ? p : b.one('Cast', [p], { to: x.dtype });
    return [b.one('Pow', [x, power], {})];
  }
  const rule = POWERS.get(exponent);
  return [rule ? rule(b, x) : b.one('Pow', [x, b.scalar(exponent, x.dtype)], {})];
};

const POWERS: ReadonlyMap<number, (b: Builder, x: Term) => Term> = new Map([
  [1, (_b: Builder, x: Term) => x],
  [0.5, sqrt],
  [-1, (b: Builder, x: Term) => b.one('Reciprocal', [x], {})],
]);

/** sinh and cosh by their definition. */
function hyperbolic(combine: typeof add): ReadRule {
  return ({ b, inputs: [x] }) => [scale(b, combine(b, exp(b, x), exp(b, neg(b, x))), 0.5)];
}

/** [n, n] with 1 where element i of the input goes into element j of the running sum. */
function summing(n: number, exclusive: boolean, reverse: boolean): Float64Array {
  return Float64Array.from({ length: n * n }, (_, at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    const before = reverse ? j - i : i - j;
    return Number(exclusive ? before < 0 : before <= 0);
  });
}

/** A product with a triangular matrix. */
const cumSum: ReadRule = ({ b, node, inputs: [x], numbers }) => {
  const stated = numbers(1)?.[0];
  if (stated === undefined) return undefined;
  const rank = x.shape.length;
  const axis = stated < 0 ? stated + rank : stated;
  const n = x.shape[axis];
  const swap = x.shape.map((_, i) => (i === axis ? rank - 1 : i === rank - 1 ? axis : i));
  const [exclusive, reverse] = ['exclusive', 'reverse'].map((name) => intAttribute(node, name, 0) === 1);
  const matrix = constantOf(b, x.dtype, [n, n], summing(n, exclusive, reverse));
  const swapped = permute(b, x, swap);
  const sums = matmul(b, reshape(b, swapped, [sizeOf(x.shape) / n, n]), matrix);
  return [permute(b, reshape(b, sums, swapped.shape), swap)];
};

/** Arithmetic, element by element. */
export const ARITHMETIC: ReadRules = {
  ...Object.fromEntries(SAME.map((op) => [op, plain(op)])),
  Max: folded('Max'),
  Min: folded('Min'),
  Sum: folded('Add'),
  Mean: (site) => {
    const [total] = folded('Add')(site) ?? [];
    return total && [scale(site.b, total, 1 / site.inputs.length)];
  },
  Pow: pow,
  Cast: cast,
  CastLike: cast,
  Tan: ({ b, inputs: [x] }) => [div(b, b.one('Sin', [x], {}), b.one('Cos', [x], {}))],
  Sinh: hyperbolic(sub),
  Cosh: hyperbolic(add),
  CumSum: cumSum,
  Identity: ({ inputs: [x] }) => [x],
  /** At inference the values pass, and all of them are kept. */
  Dropout: ({ b, inputs: [x], optional, numbers }) => {
    const training = optional(2);
    if (training && numbers(2)?.[0] !== 0) return undefined;
    return [x, b.one('Expand', [constantOf(b, 'bool', [], [1])], { shape: x.shape })];
  },
};
