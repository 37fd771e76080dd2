import { elementCount, isDense, type Tensor } from '../kernel/tensor.js';
import type { Params, Primitive } from './primitives.js';
import type { Term } from './program.js';

const SMALL = 64;

/** Equal for small constants of equal content; none for large ones, which are told apart by name. */
export function contentKey(value: Tensor): string | undefined {
  if (!isDense(value) || elementCount(value) > SMALL) return undefined;
  return `constant ${value.dtype}[${value.dims.join(',')}] ${Buffer.from(value.bytes).toString('base64')}`;
}

/** Equal for operators that give the same results. */
export function draftKey<P extends Primitive>(op: P, inputs: readonly Term[], params: Params[P]): string {
  return `${op} ${JSON.stringify([inputs.map(({ name }) => name), params], plain)}`;
}

/** What JSON would lose: maps, integers beyond 2^53, infinities, bytes. */
function plain(_: string, value: unknown): unknown {
  if (value instanceof Map) return [...value];
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value))) return String(value);
  return value;
}
