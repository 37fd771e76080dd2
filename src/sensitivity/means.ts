/** A mean over samples, estimated by probes. */
export interface MeanEstimate {
  readonly mean: number;
  /** How far off the mean over these samples may be, as probes are random. 0 where nothing was left to chance. */
  readonly standardError: number;
  /** The same for samples like these: what their choice adds is in it. NaN for a single batch. */
  readonly acrossSamples: number;
}

/** Results of one batch: for each probe a total over the batch's samples. */
export interface BatchTotals {
  readonly samples: number;
  readonly totals: readonly number[];
}

/** @param exactAfter probes of a batch that leave nothing to chance. */
export function meanOf(batches: readonly BatchTotals[], exactAfter: number): MeanEstimate {
  const samples = batches.reduce((count, batch) => count + batch.samples, 0);
  const centres = batches.map(({ totals }) => average(totals));
  const mean = centres.reduce((sum, centre) => sum + centre, 0) / samples;
  const chance = batches.reduce((sum, { totals }) => sum + varianceOfMean(totals, exactAfter), 0);
  const off = batches.map((batch, i) => (centres[i] - batch.samples * mean) ** 2);
  const spread = off.reduce((sum, square) => sum + square, 0);
  return {
    mean,
    standardError: Math.sqrt(chance) / samples,
    acrossSamples: Math.sqrt((spread * batches.length) / (batches.length - 1)) / samples,
  };
}

/** Of draws without repetition from `exactAfter` equally likely ones. */
function varianceOfMean(values: readonly number[], exactAfter: number): number {
  if (values.length >= exactAfter) return 0;
  const centre = average(values);
  const squares = values.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  const left = 1 - values.length / exactAfter;
  return (squares / (values.length - 1) / values.length) * left;
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
