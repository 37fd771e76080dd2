import type { Range } from '../quantize/plan.js';
import { type Grid, mirrored } from './range.js';
import type { ActivationStatistics } from './statistics.js';

/** Everything that was seen. */
export function minMaxRange({ min, max }: ActivationStatistics, { symmetric }: Grid): Range {
  return symmetric ? mirrored({ min, max }) : { min, max };
}
