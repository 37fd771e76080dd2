import { type Random, random } from '../kernel/random.js';

/** A stream that these numbers fix: those of neighbouring numbers have nothing in common. */
export function streamOf(...parts: readonly number[]): Random {
  return parts.reduce((before, part) => random(before.below(2 ** 31) ^ part), random(parts.length));
}

/** Independent random signs. */
export function signs(source: Random, count: number): Float32Array {
  return Float32Array.from({ length: count }, () => source.sign());
}

/**
 * Probe `index` of a sample: random signs, of which those of different probes are orthogonal (rows of a Hadamard matrix
 * with its columns multiplied by random signs and its rows in random order). Each alone is as good as independent signs;
 * together they miss less, and `probesForExact` of them give a trace exactly.
 */
export function orthogonalSigns(seed: number, sample: number, index: number, count: number): Float32Array {
  const all = probesForExact(count);
  const column = streamOf(seed, sample);
  const row = rowOf(seed, index, all);
  return Float32Array.from({ length: count }, (_, i) => column.sign() * hadamard(row, i));
}

/** How many orthogonal probes of `count` signs give a trace without error. */
export function probesForExact(count: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, count)));
}

/** Rows in an order that the seed fixes; more than there are start again. */
function rowOf(seed: number, index: number, rows: number): number {
  const source = streamOf(seed, rows);
  const [factor, shift] = [2 * source.below(rows) + 1, source.below(rows)];
  return (((index % rows) * factor + shift) % rows) >>> 0;
}

/** Entry of Sylvester's Hadamard matrix: -1 where row and column share an odd number of bits. */
function hadamard(row: number, column: number): number {
  let bits = row & column;
  let odd = 0;
  for (; bits !== 0; bits &= bits - 1) odd ^= 1;
  return odd === 1 ? -1 : 1;
}
