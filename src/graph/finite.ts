import type { Problem } from '../kernel/errors.js';
import { isDense, type Tensor, view } from '../kernel/tensor.js';
import { indexGraph } from './index-graph.js';
import type { Graph, Model } from './model.js';

/** Operators that multiply with a constant: an infinity there makes NaN. Masks may hold one, and add or select it. */
const WEIGHTED: ReadonlySet<string> = new Set([
  ...['BatchNormalization', 'Conv', 'ConvTranspose', 'Einsum', 'GRU', 'Gather', 'Gemm', 'GroupNormalization'],
  ...['InstanceNormalization', 'LSTM', 'LayerNormalization', 'MatMul', 'PRelu', 'RNN'],
]);

/** One problem for each constant that holds NaN, and for each weight that holds an infinity. */
export function nonFiniteWeights(model: Model): readonly Problem[] {
  const index = indexGraph(model.graph);
  return [...floatConstants(model.graph)].flatMap(([name, tensor]): readonly Problem[] => {
    const reader = index.consumers(name).find((node) => WEIGHTED.has(node.op));
    const found = firstNonFinite(tensor, reader !== undefined);
    if (found === undefined) return [];
    const node = reader ?? index.consumers(name)[0];
    return [
      {
        kind: 'model',
        code: 'weight-not-finite',
        message: `element ${found.at} is ${found.value}`,
        place: { tensor: name, ...(node && { node: node.name, op: node.op }) },
        hint: 'the model was damaged in training or export; export it again from a checkpoint without NaN or Inf',
      },
    ];
  });
}

function* floatConstants(graph: Graph): Generator<readonly [name: string, tensor: Tensor]> {
  yield* graph.initializers;
  for (const node of graph.nodes) {
    const value = node.op === 'Constant' ? node.attributes.get('value') : undefined;
    if (value?.kind === 'tensor') yield [node.outputs[0], value.value];
  }
}

function firstNonFinite(
  tensor: Tensor,
  isWeight: boolean,
): { readonly at: number; readonly value: number } | undefined {
  if (!isDense(tensor) || (tensor.dtype !== 'float32' && tensor.dtype !== 'float64')) return undefined;
  const data = view(tensor);
  for (let at = 0; at < data.length; at++) {
    const value = Number(data[at]);
    if (Number.isNaN(value) || (isWeight && !Number.isFinite(value))) return { at, value };
  }
  return undefined;
}
