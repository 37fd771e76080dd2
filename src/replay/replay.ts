import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PreparedSet } from '../data/dataset.js';
import type { Block } from '../evaluate/evaluate-job.js';
import { deal, keeperOf } from '../evaluate/run-blocks.js';
import { cut, together } from '../evaluate/together.js';
import { inferTypes, type TypeTable } from '../graph/types.js';
import { findUnits } from '../quantize/units.js';
import { type Executor, jobBeside } from '../runtime/job.js';
import { compile } from './compile.js';
import type { Perturbing } from './pieces.js';
import type { Program } from './program.js';
import type { Reduced, Wanted } from './reduce.js';
import type { KnownBlock, ReplayInput, ReplayRows, ReplayTotals } from './replay-input.js';
import { checkVariants, type Variant } from './variant.js';

const REPLAY_JOB = jobBeside<ReplayInput, ReplayTotals, ReplayRows>('./replay-job', import.meta.url);

export interface ReplayQuestion extends Perturbing {
  /** In any order; `singles` and `pairsOf` make the usual ones. */
  readonly variants: readonly Variant[];
  readonly set: PreparedSet;
  readonly wanted: Wanted;
  /** Types of the model's values where the shape rules leave some open (`typesOfValues`); by the rules when left out. */
  readonly types?: TypeTable;
}

/** What one variant gave on one block of samples, in the set's order. */
export interface VariantRows extends Block {
  readonly variant: Variant;
  readonly samples: readonly Reduced[];
}

/** The connection to whatever keeps results. What a variant gives on a block depends on what `replayKeys` says. */
export interface ReplayMemory {
  readonly recall?: (variant: Variant, block: Block) => Promise<readonly Reduced[] | undefined>;
  /** Told of all that ran, some variants of a block at a time; the replay ends after the last answer, and fails where one does. */
  readonly record?: (rows: readonly VariantRows[]) => Promise<void>;
}

export interface ReplaySettings extends ReplayMemory {
  /** Samples to run: the whole set when left out. */
  readonly range?: Block;
  /** Samples that run at once where their shapes allow it; 8 when left out. */
  readonly batch?: number;
  /** Samples of a block, the grain of what is told and kept: a multiple of the batch; 32 when left out. */
  readonly blockSamples?: number;
  /** Slices along the batch that the formats of one unit are stacked to at most; 24 when left out. */
  readonly stack?: number;
  /** Bytes of activations that all workers may hold in memory; the rest lies in files meanwhile. 1 GiB when left out. */
  readonly memory?: number;
  /** Where the parts of the model and those files lie while the replay runs; the system's folder for such when left out. */
  readonly folder?: string;
  /** Told of every variant on every block once, known ones included. */
  readonly onRows?: (rows: VariantRows) => void;
  /** Counts variants times samples. */
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

export interface Replayed extends ReplayTotals {
  /** Variants times samples: asked for, and known from before. */
  readonly asked: number;
  readonly recalled: number;
  readonly seconds: number;
  /** Of those, seconds in which parts of the model were written. */
  readonly compileSeconds: number;
}

const BATCH = 8;
const BLOCK_SAMPLES = 32;
const STACK = 24;
const MEMORY = 2 ** 30;

/**
 * Runs variants of the float model over samples, each at the cost of what follows from its units only: the model is cut
 * before each unit, activations there are kept, and what the unit changes is run on. Throws with all variants that the
 * model or the target cannot have, or where an aborted signal says so.
 */
export async function replay(
  executor: Executor,
  question: ReplayQuestion,
  settings: ReplaySettings = {},
): Promise<Replayed> {
  const started = performance.now();
  const { model, variants, target, set } = question;
  checkVariants(variants, findUnits(model), target);
  const range = settings.range ?? { from: 0, to: set.length };
  const blocks = cut(range, settings.blockSamples ?? BLOCK_SAMPLES);
  const tally = tallyOf(variants, range, settings);
  const known = await recallAll(variants, blocks, settings, tally);
  const open = variants.map((variant, i) => (known.every((block) => block.known.includes(i)) ? undefined : variant));
  const totals = open.some((variant) => variant)
    ? await runOpen(executor, question, settings, { open, known, tally })
    : NOTHING;
  const recalled = known.reduce((sum, { from, to, known: each }) => sum + each.length * (to - from), 0);
  return { ...totals, asked: tally.total, recalled, seconds: (performance.now() - started) / 1000 };
}

type Ran = Omit<Replayed, 'asked' | 'recalled' | 'seconds'>;

const NOTHING: Ran = { spilledBytes: 0, peakBytes: 0, cpuSeconds: 0, compileSeconds: 0 };

interface Tally {
  readonly total: number;
  /** Takes what a variant gave on a block; false where that was there before. */
  add(position: number, block: Block, samples: readonly Reduced[]): boolean;
}

function tallyOf(variants: readonly Variant[], { from, to }: Block, settings: ReplaySettings): Tally {
  const total = variants.length * (to - from);
  const there = new Set<string>();
  let done = 0;
  return {
    total,
    add(position, block, samples) {
      const key = `${position} ${block.from}`;
      if (there.has(key)) return false;
      there.add(key);
      done += samples.length;
      settings.onRows?.({ variant: variants[position], from: block.from, to: block.to, samples });
      settings.onProgress?.(done, total);
      return true;
    },
  };
}

async function recallAll(
  variants: readonly Variant[],
  blocks: readonly Block[],
  { recall, signal }: ReplaySettings,
  tally: Tally,
): Promise<readonly KnownBlock[]> {
  const found: KnownBlock[] = [];
  for (const block of blocks) {
    const known: number[] = [];
    for (const [position, variant] of recall ? variants.entries() : []) {
      signal?.throwIfAborted();
      const samples = await recall?.(variant, block);
      if (samples?.length !== block.to - block.from) continue;
      known.push(position);
      tally.add(position, block, samples);
    }
    found.push({ ...block, known });
  }
  return found;
}

interface Remaining {
  readonly open: readonly (Variant | undefined)[];
  readonly known: readonly KnownBlock[];
  readonly tally: Tally;
}

async function runOpen(
  executor: Executor,
  question: ReplayQuestion,
  settings: ReplaySettings,
  remaining: Remaining,
): Promise<Ran> {
  const folder = await mkdtemp(join(settings.folder ?? tmpdir(), 'bitloom-replay-'));
  try {
    settings.signal?.throwIfAborted();
    const types = question.types ?? inferTypes(question.model);
    const started = performance.now();
    const program = await compile(question, types, remaining.open, folder);
    const compileSeconds = (performance.now() - started) / 1000;
    const totals = await runJobs(executor, question, settings, { ...remaining, program, folder });
    return { ...totals, compileSeconds };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function runJobs(
  executor: Executor,
  { set, variants, wanted }: ReplayQuestion,
  settings: ReplaySettings,
  { known, tally, program, folder }: Remaining & { readonly program: Program; readonly folder: string },
): Promise<ReplayTotals> {
  const { batch = BATCH, stack = STACK, memory = MEMORY } = settings;
  const keeper = keeperOf(settings.record);
  const onEvent = ({ from, to, rows }: ReplayRows) => {
    const fresh = rows.filter(({ variant, samples }) => tally.add(variant, { from, to }, samples));
    if (fresh.length > 0)
      keeper.keep(fresh.map(({ variant, samples }) => ({ variant: variants[variant], from, to, samples })));
  };
  const unfinished = known.filter((block) => block.known.length < variants.length);
  const hands = deal(unfinished, executor.workers);
  const common = {
    program,
    set,
    wanted,
    batch,
    stack,
    folder,
    memory: memory / hands.length,
    threads: executor.threads,
  };
  const signals = [keeper.failed, ...(settings.signal ? [settings.signal] : [])];
  try {
    const totals = await together(AbortSignal.any(signals), (signal) =>
      hands.map((blocks) =>
        executor.run(
          REPLAY_JOB,
          { ...common, blocks },
          { what: `a replay of ${variants.length} variants`, signal, onEvent },
        ),
      ),
    );
    return totals.reduce(added);
  } finally {
    await keeper.done();
    keeper.failed.throwIfAborted();
  }
}

function added(a: ReplayTotals, b: ReplayTotals): ReplayTotals {
  return {
    spilledBytes: a.spilledBytes + b.spilledBytes,
    peakBytes: a.peakBytes + b.peakBytes,
    cpuSeconds: a.cpuSeconds + b.cpuSeconds,
  };
}
