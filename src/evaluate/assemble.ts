import type { Row } from '../data/metric.js';
import type { Block, BlockRows } from './evaluate-job.js';
import type { Outcomes } from './outcomes.js';

/** Whether the samples so far settle the question that the evaluation is to answer. Pure. */
export type Decided = (rows: readonly Row[], divergence: readonly number[], total: number) => boolean;

export interface AssembleOptions {
  /** The metric that is asked for, as blocks name it. */
  readonly metric: string;
  readonly decided?: Decided;
  readonly onProgress?: (done: number, total: number) => void;
}

export interface Assembly {
  /** Takes a block, in whatever order blocks arrive; one that was there before counts for nothing, and the answer is false. */
  add(block: BlockRows): boolean;
  result(): Pick<Outcomes, 'rows' | 'others' | 'divergence' | 'stoppedEarly' | 'nonFinite'>;
}

/**
 * Puts blocks in the set's order. `decided` is asked at the end of each block of the unbroken front, so where an
 * evaluation stops depends on the numbers alone, not on which worker was faster; `stop` is called once, then.
 */
export function assembler(blocks: readonly Block[], options: AssembleOptions, stop: () => void): Assembly {
  const total = blocks.reduce((sum, { from, to }) => sum + to - from, 0);
  const arrived = new Map<number, BlockRows>();
  const front: BlockRows[] = [];
  const rows: Row[] = [];
  const divergence: number[] = [];
  let done = 0;
  let stopped = false;

  const append = (block: BlockRows) => {
    front.push(block);
    rows.push(...block.rows[options.metric]);
    divergence.push(...block.divergence);
    stopped = rows.length < total && (options.decided?.(rows, divergence, total) ?? false);
    if (stopped) stop();
  };
  const advance = () => {
    while (!stopped && front.length < blocks.length) {
      const next = arrived.get(blocks[front.length].from);
      if (!next) return;
      append(next);
    }
  };
  return {
    add(block) {
      if (arrived.has(block.from)) return false;
      arrived.set(block.from, block);
      if (stopped) return true;
      done += block.to - block.from;
      options.onProgress?.(done, total);
      advance();
      return true;
    },
    result: () => {
      const nonFinite = front.reduce((sum, block) => sum + block.nonFinite, 0);
      return { rows, others: othersOf(front, options.metric), divergence, nonFinite, stoppedEarly: stopped };
    },
  };
}

/** The other metrics that apply to every block. */
function othersOf(blocks: readonly BlockRows[], asked: string): Outcomes['others'] {
  const names = Object.keys(blocks[0]?.rows ?? {}).filter((name) => name !== asked);
  const common = names.filter((name) => blocks.every(({ rows }) => Object.hasOwn(rows, name)));
  return Object.fromEntries(common.sort().map((name) => [name, blocks.flatMap(({ rows }) => rows[name])]));
}
