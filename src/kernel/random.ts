import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

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
  const generator = xoroshiro128plus(seed);
  const uniform = () => uniformFloat64(generator);
  return {
    uniform,
    below: (bound) => uniformInt(generator, 0, bound - 1),
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    sign: () => (uniform() < 0.5 ? -1 : 1),
  };
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
