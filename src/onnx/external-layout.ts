import { byteLength } from '../kernel/dtype.js';
import { sizeOf } from '../kernel/shape.js';
import type { DenseTensor } from '../kernel/tensor.js';
import type { ExternalPlace } from './external.js';
import { type Chunk, type Rope, rope } from './wire.js';

/** Large tensors start at a page, as ONNX asks for memory mapping; small ones where vector instructions want them. */
const PAGE = 4096;
const LINE = 64;
const LARGE = 2 ** 16;

/** The next offset, at or after `end`, at which a tensor of `length` bytes may start. */
export function alignedOffset(end: number, length: number): number {
  const alignment = length >= LARGE ? PAGE : LINE;
  return Math.ceil(end / alignment) * alignment;
}

export function tensorLength(tensor: DenseTensor): number {
  return byteLength(tensor.dtype, sizeOf(tensor.dims));
}

/** One file that holds the tensors one after the other, and where each lies in it. A repeated tensor stands once. */
export function layOut(
  tensors: Iterable<DenseTensor>,
  location: string,
): { readonly content: Rope; readonly places: ReadonlyMap<DenseTensor, ExternalPlace> } {
  const chunks: Chunk[] = [];
  const places = new Map<DenseTensor, ExternalPlace>();
  let end = 0;
  for (const tensor of new Set(tensors)) {
    const length = tensorLength(tensor);
    const offset = alignedOffset(end, length);
    chunks.push(new Uint8Array(offset - end), { length, read: () => tensor.bytes });
    places.set(tensor, { location, offset, length });
    end = offset + length;
  }
  return { content: rope(...chunks), places };
}
