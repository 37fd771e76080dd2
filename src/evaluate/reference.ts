import type { PreparedSet, Sample } from '../data/dataset.js';
import type { OutputKinds } from '../data/metric.js';
import { readPrepared } from '../data/prepared.js';
import type { OutputRoles } from './output-kinds.js';

/** Samples that run at once where their shapes allow it, unless a caller says otherwise. */
export const DEFAULT_BATCH = 8;

/** The float model's outputs for the samples `from` .. `to` (exclusive) of a set: a prepared set of their own. */
export interface ReferencePart {
  readonly from: number;
  readonly to: number;
  readonly outputs: PreparedSet;
}

/** The float model's outputs on a set, and what they are. Plain data: it travels to jobs. */
export interface Reference {
  readonly model: string;
  readonly set: PreparedSet;
  readonly parts: readonly ReferencePart[];
  readonly roles: OutputRoles;
  readonly kinds: OutputKinds;
  /** Samples that ran at once where their shapes allowed it: the outputs may depend on it in their last bits. */
  readonly batch: number;
  /** Samples in a block of an evaluation: by the size of what is read for them, so equal for equal content. */
  readonly blockSamples: number;
}

/** The outputs of samples `from` .. `to` (exclusive), each as a sample whose inputs they are. */
export async function* readReference(
  parts: readonly ReferencePart[],
  from: number,
  to: number,
): AsyncGenerator<Sample> {
  for (const part of parts) {
    const first = Math.max(from, part.from);
    const last = Math.min(to, part.to);
    if (first < last) yield* readPrepared(part.outputs, first - part.from, last - part.from);
  }
}
