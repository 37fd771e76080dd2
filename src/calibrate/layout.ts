import { floatAttribute } from '../graph/attributes.js';
import type { Graph, Node } from '../graph/model.js';
import { scalarOf } from '../kernel/tensor.js';

type Follows = 'first' | 'all';

/** Operators that ONNX Runtime runs on blocked channels when the inputs that count are blocked. */
const KEEPS_BLOCKS: Readonly<Record<string, Follows>> = {
  Add: 'all',
  AveragePool: 'first',
  BatchNormalization: 'first',
  Clip: 'first',
  Concat: 'all',
  HardSigmoid: 'first',
  LeakyRelu: 'first',
  MaxPool: 'first',
  Mul: 'all',
  Relu: 'first',
  Sigmoid: 'first',
  Sum: 'all',
  Tanh: 'first',
};

/** Operators whose output has no negative element when the inputs that count have none. */
const KEEPS_SIGN: Readonly<Record<string, Follows>> = {
  Add: 'all',
  AveragePool: 'first',
  Concat: 'all',
  Flatten: 'first',
  GlobalAveragePool: 'first',
  GlobalMaxPool: 'first',
  MaxPool: 'first',
  Mul: 'all',
  Reshape: 'first',
  Transpose: 'first',
};

const NEVER_NEGATIVE: ReadonlySet<string> = new Set(['Relu', 'Sigmoid', 'HardSigmoid', 'Softmax', 'Abs', 'Exp']);

/**
 * Values of rank 4 that ONNX Runtime likely holds in blocks of channels (NCHWc). Rank 4 is certain; the blocks are not,
 * and only speed depends on them.
 */
export function blockedValues(graph: Graph): ReadonlySet<string> {
  return spread(graph, KEEPS_BLOCKS, (node) => {
    return node.op === 'Conv' && graph.initializers.get(node.inputs[1])?.dims.length === 4;
  });
}

/** Values that cannot have a negative element, whatever the input. */
export function nonNegativeValues(graph: Graph): ReadonlySet<string> {
  return spread(graph, KEEPS_SIGN, (node) => {
    return NEVER_NEGATIVE.has(node.op) || (node.op === 'Clip' && lowerBound(graph, node) >= 0);
  });
}

function spread(
  graph: Graph,
  keeps: Readonly<Record<string, Follows>>,
  starts: (node: Node) => boolean,
): ReadonlySet<string> {
  const found = new Set<string>();
  for (const node of graph.nodes) {
    if (node.domain === '' && (starts(node) || follows(node, keeps[node.op], found))) found.add(node.outputs[0]);
  }
  return found;
}

function follows(node: Node, rule: Follows | undefined, found: ReadonlySet<string>): boolean {
  if (rule === undefined) return false;
  return rule === 'first' ? found.has(node.inputs[0]) : node.inputs.every((input) => found.has(input));
}

/** Clip's bound is an input since opset 11, an attribute before. */
function lowerBound(graph: Graph, node: Node): number {
  const bound = graph.initializers.get(node.inputs[1] ?? '');
  return bound ? scalarOf(bound) : floatAttribute(node, 'min', Number.NEGATIVE_INFINITY);
}
