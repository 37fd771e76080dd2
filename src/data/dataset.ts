import type { DenseTensor } from '../kernel/tensor.js';

/** A class index, several (one a position, -100 where masked), or a real target. */
export type Label = number | readonly number[];

/** What one run of the model needs for one sample, batch dimension 1 included, and what it should answer. */
export interface Sample {
  /** Names the sample to a user: a file, or file:line. */
  readonly id: string;
  readonly inputs: Readonly<Record<string, DenseTensor>>;
  readonly label?: Label;
}

/** Samples by position. Reading is lazy: opening a data set reads its index, not its samples. */
export interface Dataset {
  readonly name: string;
  readonly length: number;
  readonly labelled: boolean;
  read(index: number): Promise<Sample>;
  /** The label without the sample, where the index holds it; splits are stratified by it. */
  label?(index: number): Label | undefined;
  /** Hash of what the sample is made from, before preprocessing: finds the same sample in two sets. */
  fingerprint?(index: number): Promise<string>;
  /** What was found or assumed when the set was opened, for the user to see. */
  readonly notes?: readonly string[];
}

/** Calibration observes, selection decides, holdout reports; no sample is in two of them. */
export interface Splits<T> {
  readonly calibration: T;
  readonly selection: T;
  readonly holdout: T;
}

/**
 * Samples written once to a file, preprocessed, so that child processes read them without decoding again and no
 * process holds the set in memory. Plain data: it travels to jobs.
 */
export interface PreparedSet {
  readonly file: string;
  readonly length: number;
  readonly labelled: boolean;
  /** SHA-256 of the samples' tensors and labels, in order, of the whole file: see `prepare`. */
  readonly hash: string;
}
