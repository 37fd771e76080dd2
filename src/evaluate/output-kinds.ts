import type { OutputKind, OutputKinds } from '../data/metric.js';
import { scoresOf } from '../data/metrics/scores.js';
import type { Value } from '../graph/model.js';
import type { DenseTensor } from '../kernel/tensor.js';
import { type Moments, mergeMoments, spreadOf } from './moments.js';

/** What a caller says of an output: whether its last dimension holds class scores, or real values. */
export type OutputRole = 'scores' | 'regression';

/** By output name; outputs that are left out are not looked at. */
export type OutputRoles = Readonly<Record<string, OutputRole>>;

/** What the float model's values show of an output, over a sample or several. */
export interface OutputProfile {
  readonly moments: Moments;
  /** Every position holds values of [0, 1], which add up to 1 where there are several. */
  readonly distribution: boolean;
}

export type OutputProfiles = Readonly<Record<string, OutputProfile>>;

const FLOATS: readonly string[] = ['float32', 'float16', 'float64', 'bfloat16'];
/** Keys and values that a decoder hands to its own next step are no result. */
const CACHE = /^present|past_key|_cache/;
const SCORES = /logit|prob|score|softmax/i;

/**
 * Roles by what the model tells: outputs named like scores, and a single output [N, classes] or [N, T, classes], hold
 * scores; other float outputs hold real values; a decoder's cache is left out.
 */
export function defaultRoles(outputs: readonly Value[]): OutputRoles {
  const judged = outputs.filter(({ name, type }) => {
    return type?.kind === 'tensor' && FLOATS.includes(type.dtype) && !CACHE.test(name);
  });
  const named = judged.filter(({ name }) => SCORES.test(name));
  if (named.length > 0) return rolesOf(named, () => 'scores');
  return rolesOf(judged, (value) => (judged.length === 1 && looksLikeScores(value) ? 'scores' : 'regression'));
}

function rolesOf(values: readonly Value[], role: (value: Value) => OutputRole): OutputRoles {
  return Object.fromEntries(values.map((value) => [value.name, role(value)]));
}

function looksLikeScores({ type }: Value): boolean {
  const shape = type?.kind === 'tensor' ? (type.shape ?? []) : [];
  return (shape.length === 2 || shape.length === 3) && shape.at(-1) !== 1;
}

/** What one sample's output shows; `moments` are those of its values. */
export function profileOf(output: DenseTensor, moments: Moments): OutputProfile {
  return { moments, distribution: isDistribution(output) };
}

export function mergeProfiles(a: OutputProfiles, b: OutputProfiles): OutputProfiles {
  return Object.fromEntries(
    Object.keys(a).map((name) => {
      const moments = mergeMoments(a[name].moments, b[name].moments);
      return [name, { moments, distribution: a[name].distribution && b[name].distribution }];
    }),
  );
}

/** Scores that are distributions at every position of every sample are probabilities: the model ends in a Softmax. */
export function kindsOf(roles: OutputRoles, profiles: OutputProfiles): OutputKinds {
  return Object.fromEntries(
    Object.entries(roles).map(([name, role]): [string, OutputKind] => {
      if (role === 'regression') return [name, { kind: 'regression', variance: spreadOf(profiles[name].moments) }];
      return [name, { kind: profiles[name].distribution ? 'probabilities' : 'logits' }];
    }),
  );
}

/** Sums of float16 probabilities over 1,000 classes are off by less. */
const SUM_TOLERANCE = 1e-2;

function isDistribution(output: DenseTensor): boolean {
  const { values, width, positions } = scoresOf(output);
  for (let t = 0; t < positions; t++) {
    let total = 0;
    for (let i = t * width; i < (t + 1) * width; i++) {
      if (values[i] < 0 || values[i] > 1) return false;
      total += values[i];
    }
    if (width > 1 && Math.abs(total - 1) > SUM_TOLERANCE) return false;
  }
  return true;
}
