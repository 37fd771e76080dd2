import type { PreparedSet } from '../data/dataset.js';
import type { Block } from '../evaluate/evaluate-job.js';
import type { Program } from './program.js';
import type { Reduced, Wanted } from './reduce.js';

export interface ReplayInput {
  readonly program: Program;
  readonly set: PreparedSet;
  readonly blocks: readonly KnownBlock[];
  readonly wanted: Wanted;
  /** Samples that run at once, formats stacked beside them not counted. */
  readonly batch: number;
  /** Most slices along the batch that formats of one unit are stacked to. */
  readonly stack: number;
  /** Bytes of activations held in memory. */
  readonly memory: number;
  /** Where the rest is spilled. */
  readonly folder: string;
  readonly threads: number;
}

/** A block of samples, and the variants that need not run on it, by position. */
export interface KnownBlock extends Block {
  readonly known: readonly number[];
}

/** What variants gave on a block, sample by sample. */
export interface ReplayRows extends Block {
  readonly rows: readonly { readonly variant: number; readonly samples: readonly Reduced[] }[];
}

/** What it took. */
export interface ReplayTotals {
  /** Bytes of activations that did not fit the memory and went to files. */
  readonly spilledBytes: number;
  /** Most bytes of activations held at once, in memory and files. */
  readonly peakBytes: number;
  /** Processor time of the workers. */
  readonly cpuSeconds: number;
}
