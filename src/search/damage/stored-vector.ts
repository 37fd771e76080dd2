import { float16ToNumber, numberToFloat16 } from '../../kernel/float16.js';

/** `half` rounds each value by at most 2^-11 of itself, or 2^-40 of the vector's largest; `single` by 2^-24. */
export type Storage = 'double' | 'single' | 'half';

/** A vector as it is kept: values are `bits` times `scale` where they are halves. Plain data. */
export type StoredVector =
  | { readonly storage: 'double'; readonly values: Float64Array }
  | { readonly storage: 'single'; readonly values: Float32Array }
  | { readonly storage: 'half'; readonly bits: Uint16Array; readonly scale: number };

/** The exponent to which halves are scaled, so that none overflows and few are subnormal. */
const TOP = 15;

export function stored(vector: Float64Array, storage: Storage): StoredVector {
  if (storage === 'double') return { storage, values: vector };
  if (storage === 'single') return { storage, values: Float32Array.from(vector) };
  const largest = vector.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const scale = largest === 0 ? 1 : 2 ** (Math.floor(Math.log2(largest)) + 1 - TOP);
  return { storage, bits: Uint16Array.from(vector, (value) => numberToFloat16(value / scale)), scale };
}

/** Reads values from `from` on into the whole of `into`. */
export function readStored(vector: StoredVector, from: number, into: Float64Array): void {
  if (vector.storage !== 'half') {
    into.set(vector.values.subarray(from, from + into.length));
    return;
  }
  const { bits, scale } = vector;
  const table = halves();
  for (let at = 0; at < into.length; at++) into[at] = table[bits[from + at]] * scale;
}

/** Adds factor * vector to `target`. */
export function addStored(target: Float64Array, vector: StoredVector, factor: number): void {
  if (vector.storage !== 'half') {
    const { values } = vector;
    for (let at = 0; at < target.length; at++) target[at] += factor * values[at];
    return;
  }
  const { bits } = vector;
  const table = halves();
  const scale = factor * vector.scale;
  for (let at = 0; at < target.length; at++) target[at] += table[bits[at]] * scale;
}

let decoded: Float64Array | undefined;

/** The value of each of the 65,536 halves: half a megabyte, many times faster than decoding. */
function halves(): Float64Array {
  decoded ??= Float64Array.from({ length: 2 ** 16 }, (_, bits) => float16ToNumber(bits));
  return decoded;
}
