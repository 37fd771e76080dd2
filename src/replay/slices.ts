import type { DenseTensor } from '../kernel/tensor.js';
import { joinTensors } from '../runtime/join.js';

export type Tensors = Readonly<Record<string, DenseTensor>>;

/** Tensors of the same names, joined along dimension 0. */
export function joinAll(parts: readonly Tensors[]): Tensors {
  return mapTensors(parts[0], (_, name) => joinTensors(parts.map((part) => part[name])));
}

/** Tensors cut along dimension 0 into `count` equal slices: views, not copies. */
export function sliceAll(tensors: Tensors, count: number): readonly Tensors[] {
  return Array.from({ length: count }, (_, i) => mapTensors(tensors, (tensor) => slice(tensor, i, count)));
}

function slice({ dtype, dims, bytes }: DenseTensor, i: number, count: number): DenseTensor {
  const size = bytes.length / count;
  return { dtype, dims: [dims[0] / count, ...dims.slice(1)], bytes: bytes.subarray(i * size, (i + 1) * size) };
}

function mapTensors(tensors: Tensors, map: (tensor: DenseTensor, name: string) => DenseTensor): Tensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, map(tensor, name)]));
}
