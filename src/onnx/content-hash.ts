import { createHash } from 'node:crypto';
import type { DenseTensor } from '../kernel/tensor.js';

/** Tensors are never written to, and models that are made from one another share them: each is hashed once. */
const known = new WeakMap<DenseTensor, string>();

/** SHA-256, in hexadecimal, of a tensor's bytes; its type and shape are not in it. */
export function contentHash(tensor: DenseTensor): string {
  const found = known.get(tensor);
  if (found !== undefined) return found;
  const hash = createHash('sha256').update(tensor.bytes).digest('hex');
  known.set(tensor, hash);
  return hash;
}
