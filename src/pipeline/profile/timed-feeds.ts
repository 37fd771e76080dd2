import type { PreparedSet } from '../../data/dataset.js';
import { readSample } from '../../data/prepared.js';
import { type NamedFeeds, namedFeeds } from './latency-question.js';

/** Samples, spread over the set, that are run in turn when models are timed: sequences differ in length. */
export const TIMED_SAMPLES = 8;

/** What models are timed on, and what that is called where times are kept. */
export async function timedFeeds(set: PreparedSet): Promise<NamedFeeds> {
  const count = Math.min(TIMED_SAMPLES, set.length);
  const positions = Array.from({ length: count }, (_, i) => Math.floor(((i + 0.5) * set.length) / count));
  const samples = await Promise.all(positions.map((position) => readSample(set, position)));
  const feeds = samples.map(({ inputs }) => inputs);
  return namedFeeds({ kind: 'samples', samples: feeds, batch: 1 }, feeds);
}
