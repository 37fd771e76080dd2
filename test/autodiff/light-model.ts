import { editGraph } from '../../src/graph/edit.js';
import { indexGraph } from '../../src/graph/index-graph.js';
import type { Graph, Model, Node } from '../../src/graph/model.js';
import { sizeOf } from '../../src/kernel/shape.js';
import { type DenseTensor, tensor, toNumbers } from '../../src/kernel/tensor.js';
import { stream } from './directions.js';

/**
 * One of ONNX's light models with real weights: random ones in the place of the constants that it makes. Variances and
 * scales are positive; matrices keep the size of what they multiply (He et al., arXiv 1502.01852).
 */
export function withRandomWeights(model: Model, seed: number): Model {
  const { graph } = model;
  const next = stream(seed);
  const made = graph.nodes.filter(({ op }) => op === 'ConstantOfShape');
  const inputs = graph.inputs.filter(({ name }) => !graph.initializers.has(name));
  const filled = editGraph({ ...graph, inputs }, (edit) => {
    for (const node of made) {
      edit.remove(node.name);
      edit.setInitializer(node.outputs[0], weight(graph, node, next));
    }
  });
  return { ...model, irVersion: Math.max(4, model.irVersion), graph: filled };
}

function weight(graph: Graph, { inputs, outputs }: Node, next: () => number): DenseTensor {
  const shape = graph.initializers.get(inputs[0]);
  if (!shape) throw new RangeError(`the shape of ${outputs[0]} is not constant`);
  const dims = Array.from(toNumbers(shape));
  const values = new Float32Array(sizeOf(dims));
  const [scale, positive] = [spread(dims), isPositive(graph, outputs[0])];
  for (let i = 0; i < values.length; i++) values[i] = positive ? Math.exp(0.2 * next()) : scale * next();
  return tensor('float32', dims, values);
}

function spread(dims: readonly number[]): number {
  return dims.length > 1 ? Math.sqrt(2 / sizeOf(dims.slice(1))) : 0.1;
}

/** Scales and variances: of BatchNormalization, and factors of a Mul. */
function isPositive(graph: Graph, name: string): boolean {
  const { consumers } = indexGraph(graph);
  return consumers(name).some((node) => {
    if (node.op === 'Unsqueeze') return isPositive(graph, node.outputs[0]);
    return node.op === 'Mul' || (node.op === 'BatchNormalization' && [1, 4].includes(node.inputs.indexOf(name)));
  });
}
