import { fromNumbers, ints } from '../../src/kernel/tensor.js';
import type { DoubleRule } from './double-rule.js';

/** Beyond it erf differs from 1 by less than float64 can tell: erfc(6) = 2e-17. */
const SATURATED = 6;
/** Gauss-Legendre nodes: e^(-36 u^2) on [0, 1] is integrated to the last bits. */
const NODES = 32;

/** erf(x) = 2 x / sqrt(pi) * integral of e^(-(x u)^2) over u in [0, 1]: all terms are positive, so nothing cancels. */
export const erf: DoubleRule = ({ edit, node }) => {
  const { nodes, weights } = gaussLegendre(NODES);
  const double = (name: string, values: readonly number[], dims = [values.length]) =>
    edit.constant(name, fromNumbers('float64', dims, values));
  const bounds = [double('least', [-SATURATED], []), double('most', [SATURATED], [])];
  const x = edit.add({ op: 'Clip', inputs: [node.inputs[0], ...bounds] });
  const last = edit.constant('axes', ints([-1]));
  const column = edit.add({ op: 'Unsqueeze', inputs: [x, last] });
  const points = edit.add({ op: 'Mul', inputs: [column, double('nodes', nodes)] });
  const squares = edit.add({ op: 'Neg', inputs: [edit.add({ op: 'Mul', inputs: [points, points] })] });
  const heights = edit.add({ op: 'Exp', inputs: [squares] });
  const scaled = weights.map((weight) => (2 / Math.sqrt(Math.PI)) * weight);
  const weighted = edit.add({ op: 'Mul', inputs: [heights, double('weights', scaled)] });
  const integral = edit.add({ op: 'ReduceSum', inputs: [weighted, last], attributes: { keepdims: 0 } });
  return edit.add({ op: 'Mul', inputs: [x, integral] });
};

/** log(1 + e^x) = max(x, 0) + log(1 + e^-|x|). */
export const softplus: DoubleRule = ({ edit, node: { inputs } }) => {
  const decay = edit.add({ op: 'Exp', inputs: [edit.add({ op: 'Neg', inputs: [edit.add({ op: 'Abs', inputs })] })] });
  const one = edit.constant('one', fromNumbers('float64', [], [1]));
  const rest = edit.add({ op: 'Log', inputs: [edit.add({ op: 'Add', inputs: [decay, one] })] });
  return edit.add({ op: 'Add', inputs: [edit.add({ op: 'Relu', inputs }), rest] });
};

/** Nodes and weights on [0, 1]: the roots of the Legendre polynomial by Newton's method. */
function gaussLegendre(count: number): { readonly nodes: readonly number[]; readonly weights: readonly number[] } {
  const roots = Array.from({ length: count }, (_, i) => {
    let root = Math.cos((Math.PI * (i + 0.75)) / (count + 0.5));
    for (let step = 0; step < 8; step++) root -= legendre(count, root).value / legendre(count, root).slope;
    return root;
  });
  return {
    nodes: roots.map((root) => (1 + root) / 2),
    weights: roots.map((root) => 1 / ((1 - root * root) * legendre(count, root).slope ** 2)),
  };
}

/** P_n and its derivative, by the three-term recurrence. */
function legendre(degree: number, x: number): { readonly value: number; readonly slope: number } {
  let [before, value] = [1, x];
  for (let n = 2; n <= degree; n++) [before, value] = [value, ((2 * n - 1) * x * value - (n - 1) * before) / n];
  return { value, slope: (degree * (x * value - before)) / (x * x - 1) };
}
