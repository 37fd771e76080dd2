import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { PreparedSet } from '../data/dataset.js';
import type { Block } from '../evaluate/evaluate-job.js';
import type { JobHandler } from '../runtime/job.js';
import type { Program } from './program.js';
import type { Reduced, Wanted } from './reduce.js';
import { runWave } from './wave.js';

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

/**
 * Runs a program over blocks of samples. Under one state, all blocks go through together, so that each part of the model is opened once;
 * where states are many, as many blocks as the memory holds.
 */
const replay: JobHandler<ReplayInput, ReplayTotals, ReplayRows> = async (input, context) => {
  const folder = await mkdtemp(join(input.folder, 'held-'));
  const { blocks, memory } = input;
  const totals = { spilledBytes: 0, peakBytes: 0 };
  const before = process.cpuUsage();
  try {
    let size = input.program.stages.some(({ ends }) => ends.length > 0) ? 1 : blocks.length;
    for (let first = 0; first < blocks.length; first += size) {
      if (first > 0) size = Math.max(1, Math.floor((memory * size) / totals.peakBytes));
      const held = await runWave({ ...input, folder, blocks: blocks.slice(first, first + size) }, context);
      totals.spilledBytes += held.spilledBytes;
      totals.peakBytes = Math.max(totals.peakBytes, held.peakBytes);
    }
    const { user, system } = process.cpuUsage(before);
    return { ...totals, cpuSeconds: (user + system) / 1e6 };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

export default replay;
