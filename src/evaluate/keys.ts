import type { PreparedSet } from '../data/dataset.js';
import type { MetricSpec } from '../data/metric.js';
import { hashFile } from '../kernel/hash-file.js';
import type { ReferenceSettings } from './evaluate.js';
import { DEFAULT_BATCH, type Reference } from './reference.js';

/**
 * What the float model's outputs on a set are of; `float` is the fingerprint of that model. A set may be the front of a
 * longer one of the same hash. Which runtime, with how many threads, is the caller's to add.
 */
export function referenceKey(float: string, set: PreparedSet, settings: ReferenceSettings = {}) {
  const { batch = DEFAULT_BATCH, roles } = settings;
  return { float, set: set.hash, samples: set.length, batch, roles: roles ? { ...roles } : 'default' };
}

/**
 * What the blocks of an evaluation are of, beside the model that is run. The metric's name is not in it, for a block has
 * the rows of all that apply; a user's module is, by the content of its file (not of what that imports).
 */
export async function evaluationKey(
  float: string,
  { set, kinds, batch: floatBatch }: Reference,
  { ids, padId, output, module }: MetricSpec,
  { batch = DEFAULT_BATCH }: { readonly batch?: number } = {},
) {
  const judged = { ids: ids ?? null, padId: padId ?? null, output: output ?? null };
  const own = module === undefined ? {} : { module, moduleHash: await hashFile(module) };
  const outputs = Object.entries(kinds).map(([name, kind]) => ({ name, ...kind }));
  return { float, floatBatch, set: set.hash, outputs, batch, ...judged, ...own };
}
