import type { Row } from '../data/metric.js';
import type { Block, BlockRows } from './evaluate-job.js';
import type { Outcomes } from './outcomes.js';

/** Whether the samples so far settle the question that the evaluation is to answer. Pure. */
export type Decided = (rows: readonly Row[], divergence: readonly number[], total: number) => boolean;

export interface AssembleOptions {
  readonly decided?: Decided;
  readonly onProgress?: (done: number, total: number) => void;
}

export interface Assembly {
  /** Takes a block, in whatever order blocks arrive. */
  add(block: BlockRows): void;
  result(): Pick<Outcomes, 'rows' | 'divergence' | 'stoppedEarly' | 'nonFinite'>;
}

/**
 * Puts blocks in the set's order. `decided` is asked at the end of each block of the unbroken front, so where an
 * evaluation stops depends on the numbers alone, not on which worker was faster; `stop` is called once, then.
 */
export function assembler(blocks: readonly Block[], options: AssembleOptions, stop: () => void): Assembly {
  const total = blocks.reduce((sum, { from, to }) => sum + to - from, 0);
  const waiting = new Map<number, BlockRows>();
  const rows: Row[] = [];
  const divergence: number[] = [];
  let next = 0;
  let arrived = 0;
  let nonFinite = 0;
  let stopped = false;

  const append = (block: BlockRows) => {
    rows.push(...block.rows);
    divergence.push(...block.divergence);
    nonFinite += block.nonFinite;
    next++;
    stopped = rows.length < total && (options.decided?.(rows, divergence, total) ?? false);
    if (stopped) stop();
  };
  return {
    add(block) {
      if (stopped) return;
      waiting.set(block.from, block);
      arrived += block.rows.length;
      options.onProgress?.(arrived, total);
      for (let front = blocks[next]; front && !stopped; front = blocks[next]) {
        const ready = waiting.get(front.from);
        if (!ready) return;
        append(ready);
      }
    },
    result: () => ({ rows, divergence, nonFinite, stoppedEarly: stopped }),
  };
}
