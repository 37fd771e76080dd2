import { sizeOf } from '../kernel/shape.js';
import { type DenseTensor, fromNumbers, isDense, type Tensor, toNumbers } from '../kernel/tensor.js';
import { intAttribute } from './attributes.js';
import { constantReader } from './constants.js';
import { GraphEdit } from './edit.js';
import type { Model, Node } from './model.js';

export interface Dequantized {
  readonly model: Model;
  readonly changes: number;
  /** DequantizeLinear nodes that had to stay, with the reason. */
  readonly left: readonly { readonly node: Node; readonly reason: string }[];
}

/** Replaces each DequantizeLinear of a constant by the float constant that it makes. */
export function dequantizeConstants(model: Model): Dequantized {
  const constant = constantReader(model);
  const edit = new GraphEdit(model.graph);
  const nodes = model.graph.nodes.filter((node) => node.op === 'DequantizeLinear');
  const left: { readonly node: Node; readonly reason: string }[] = [];
  for (const node of nodes) {
    const operands = node.inputs.filter(Boolean).map(constant);
    const whole = operands.every((item): item is DenseTensor => item !== undefined && isDense(item));
    if (!whole || !/^u?int/.test(operands[0].dtype)) {
      left.push({ node, reason: 'it dequantizes something else than a constant of integers' });
      continue;
    }
    edit.remove(node.name);
    edit.setInitializer(node.outputs[0], dequantized(node, operands));
  }
  const changes = nodes.length - left.length;
  return { model: changes > 0 ? { ...model, graph: edit.finish() } : model, changes, left };
}

/** `(x - zero point) * scale`, with one scale, one per step of an axis, or one per block along it. */
function dequantized(node: Node, [data, scale, zero]: readonly DenseTensor[]): Tensor {
  const axis = intAttribute(node, 'axis', 1);
  const at = scaleIndex(
    data.dims,
    scale,
    axis < 0 ? axis + data.dims.length : axis,
    intAttribute(node, 'block_size', 0),
  );
  const scales = toNumbers(scale);
  const zeros = zero && toNumbers(zero);
  const values = Float64Array.from(toNumbers(data), (item, i) => (item - (zeros?.[at(i)] ?? 0)) * scales[at(i)]);
  return fromNumbers(scale.dtype, data.dims, values);
}

/** Which scale an element of the data has, row major. */
function scaleIndex(dims: readonly number[], scale: DenseTensor, axis: number, block: number): (i: number) => number {
  if (sizeOf(scale.dims) === 1) return () => 0;
  const inner = sizeOf(dims.slice(axis + 1));
  const along = (i: number) => Math.floor(i / inner) % dims[axis];
  if (block === 0) return along;
  const outer = (i: number) => Math.floor(i / (inner * dims[axis]));
  return (i) => (outer(i) * scale.dims[axis] + Math.floor(along(i) / block)) * inner + (i % inner);
}
