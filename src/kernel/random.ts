import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';

/** Words of the generator's state. */
const WORDS = [1, 2, 3, 4];
/** 2^32 divided by the golden ratio. */
const GOLDEN = 0x9e3779b9;

/** A stream of random numbers that its seed fixes on every machine. */
export interface Random {
  /** Uniform in [0, 1). */
  uniform(): number;
  /** Uniform integer in [0, bound). */
  below(bound: number): number;
  /** Normal with mean 0 and variance 1 (Box-Muller). */
  normal(): number;
  /** -1 or 1 with equal chance. */
  sign(): number;
}

export function random(seed: number): Random {
  const generator = xoroshiro128plusFromState(stateOf(seed));
  const uniform = () => uniformFloat64(generator);
  return {
    uniform,
    below: (bound) => uniformInt(generator, 0, bound - 1),
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    sign: () => (uniform() < 0.5 ? -1 : 1),
  };
}

/**
 * A state with all bits mixed, as the generator's authors ask for (Blackman and Vigna, "Scrambled linear pseudorandom number
 * generators", 2021): one of few set bits, as a small seed taken as it is would give, takes long to leave their
 * neighbourhood, and the streams of neighbouring seeds begin alike.
 */
function stateOf(seed: number): readonly number[] {
  return WORDS.map((word) => finalized(seed + Math.imul(word, GOLDEN)));
}

/** The finaliser of MurmurHash3: every bit of the 32 moves about half of the others. */
function finalized(bits: number): number {
  const upper = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  const both = Math.imul(upper ^ (upper >>> 13), 0xc2b2ae35);
  return both ^ (both >>> 16);
}

/** A new array with the items in random order (Fisher-Yates). */
export function shuffled<T>(items: readonly T[], source: Random): T[] {
  const result = [...items];
  for (let i = result.length - 1; i > 0; i--) {
    const j = source.below(i + 1);
    [result[i], result[j]] = [result[j], result[i]];
  }
  return result;
}
