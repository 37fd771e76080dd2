import type { Program } from '../autodiff/program.js';
import type { DenseTensor } from '../kernel/tensor.js';
import type { OutputLayout } from './loss-of-outputs.js';

/** Numbers that a program with scalar outputs gives for one batch of samples; they add up over batches. */
export interface Estimator {
  /** What its rows depend on beside model, samples, seed and probe. */
  readonly key: string;
  /** The program to run, from that of the model with edges; its random inputs are filled by their names. */
  readonly derive: (program: Program) => Program;
  /** Samples that may run at once; where results are not sums over samples, 1. */
  readonly mostTogether: number;
  /** Probes after which nothing is left to chance, where samples run one at a time. */
  readonly exactAfter: (layouts: readonly OutputLayout[]) => number;
  /** Whether labels of the data are read. */
  readonly labelled?: boolean;
}

/** A program as a file, and how its inputs are filled. Plain data: it travels to jobs. */
export interface ProgramFile {
  readonly file: string;
  /** Samples that run at once. */
  readonly batch: number;
  readonly inputs: readonly {
    readonly name: string;
    readonly dtype: DenseTensor['dtype'];
    readonly shape: readonly number[];
  }[];
  readonly outputs: readonly string[];
  readonly layouts: readonly OutputLayout[];
}

/** Samples of one shape that run together. */
export interface Batch {
  /** Position of the program for their shape. */
  readonly program: number;
  /** Positions in the set; the program's batch or fewer, then filled up with samples of weight 0. */
  readonly samples: readonly number[];
}
