import type { Format } from '../quantize/formats.js';

/** A part of the model as a file that runs: some units of it may be in other formats than float. */
export interface Piece {
  readonly file: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Its ranges are taken at run time: what it answers for a sample must not depend on the others of a batch. */
  readonly perSample: boolean;
}

/** What a state is known by: 0 is the float model, each other one the model with one perturbation. */
export type StateId = number;

/** A state goes on: what it makes of its own values. Only those in `keep` differ from the float model's. */
export interface Advance {
  readonly state: StateId;
  readonly piece: Piece;
  readonly keep: readonly string[];
}

/** A variant that is run under a state. */
export interface Visit {
  readonly state: StateId;
  /** Position in the list of variants. */
  readonly variant: number;
  readonly format: Format;
  /** Runs for this variant alone, from the cut to the outputs: where head and tail cannot be told apart. */
  readonly whole?: Piece;
}

/** What is done at one unit group. */
export interface Stage {
  readonly group: string;
  /** Makes the values of this cut that are not there yet, in every state that they differ in. */
  readonly advances: readonly Advance[];
  /** The unit itself in each format, up to `entry`; where that is the model's output there is no tail. */
  readonly heads: readonly { readonly format: Format; readonly piece: Piece }[];
  readonly entry: string;
  /** From `entry` and the cut to the outputs. */
  readonly tail?: Piece;
  /** Whether formats may be stacked along the batch before the tail. */
  readonly stacks: boolean;
  readonly visits: readonly Visit[];
  /** States that begin here, and what of the values at hand they change. */
  readonly births: readonly Advance[];
  /** Values that no later stage reads, and states that none visits. */
  readonly release: readonly string[];
  readonly ends: readonly StateId[];
}

/** All runs of a replay, stage by stage. Plain data: it travels to jobs. */
export interface Program {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** The whole float model. */
  readonly float: Piece;
  readonly stages: readonly Stage[];
  readonly variants: number;
  /** Whether samples may be joined along dimension 0. */
  readonly batches: boolean;
}
