import type { DenseTensor } from '../kernel/tensor.js';

/** Tensors of one dtype and shape, joined along dimension 0. */
export function joinTensors(parts: readonly DenseTensor[]): DenseTensor {
  if (parts.length === 1) return parts[0];
  const [{ dtype, dims, bytes: first }] = parts;
  const bytes = new Uint8Array(parts.length * first.length);
  for (const [i, part] of parts.entries()) bytes.set(part.bytes, i * first.length);
  return { dtype, dims: [parts.length * dims[0], ...dims.slice(1)], bytes };
}
