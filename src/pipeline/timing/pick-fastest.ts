import { encodedLength } from '../../graph/to-onnx.js';
import { loadTarget } from '../../latency/load-target.js';
import { latencyLabel } from '../../latency/target.js';
import type { BenchResult } from '../../runtime/bench-result.js';
import type { Run } from '../run.js';
import type { Candidate, Selection } from '../select/selection.js';
import type { Trial } from '../trials/trials.js';
import { estimateCandidates } from './estimate-candidates.js';
import { type Contender, fastestOf } from './fastest.js';
import { timeAgainstFloat } from './time-candidates.js';

/** The plan that is returned, and how long float and all candidates took. */
export interface Picked extends Candidate {
  /** Float first, then the candidates timed, in their order; each named by the hash of its content. */
  readonly latency: BenchResult;
  readonly reason: string;
}

/**
 * Times the candidates that hold the floor against float, interleaved, and takes the fastest; float itself where none
 * is faster. Where none holds, the one that loses least is returned, and the report says that it does not hold.
 */
export async function pickFastest(run: Run, selection: Selection): Promise<Picked> {
  const { candidates, reason } = selection;
  const searched = run.settings.plan === undefined && run.settings.uniform === undefined;
  const holding = candidates.filter(({ trial }) => trial.verdict.holds);
  const decided = searched && holding.length > 0;
  const timed = unique(decided ? holding.filter(isQuantized) : [await nearest(run, candidates)]);
  const here = latencyLabel(loadTarget(run.settings.target)) === 'measured' || run.settings.measureWith !== undefined;
  const latency = here ? await timeAgainstFloat(run, timed) : await estimateCandidates(run, selection, timed);
  if (!decided) return { ...timed[0], latency, reason };
  const { chosen, notes } = fastestOf(timed.map((candidate) => contender(candidate, latency)));
  const told = chosen ? [reason, ...notes] : notes;
  return { ...(chosen?.candidate ?? (await floatPlan(run))), latency, reason: told.join('; ') };
}

interface Standing extends Contender {
  readonly candidate: Candidate;
}

function contender(candidate: Candidate, latency: BenchResult): Standing {
  const { name, trial } = candidate;
  const { ratio, low, high } = latency.ratios.find(({ path }) => path === trial.hash) ?? AS_FLOAT;
  return { candidate, name, ratio, low, high, quantized: quantizedUnits(trial), bytes: encodedLength(trial.model) };
}

function quantizedUnits({ plan }: Trial): number {
  return Object.values(plan.units).filter((format) => format !== 'float').length;
}

/** Float against itself is not timed. */
function isQuantized({ trial }: Candidate): boolean {
  return quantizedUnits(trial) > 0;
}

/** A plan whose model is the float model itself. */
const AS_FLOAT = { ratio: 1, low: 1, high: 1 };

async function floatPlan(run: Run): Promise<Candidate> {
  return { name: 'float', trial: await run.trials.run(startOfLadders(run), 'whole') };
}

/** Candidates that are the same plan are timed once, under the first name. */
function unique(candidates: readonly Candidate[]): readonly Candidate[] {
  const first = new Map<string, Candidate>();
  for (const candidate of candidates) {
    if (!first.has(candidate.trial.hash)) first.set(candidate.trial.hash, candidate);
  }
  return [...first.values()];
}

/** A candidate's time over float's. */
export function ratioOf(latency: BenchResult, { trial }: Candidate): number {
  return (latency.ratios.find(({ path }) => path === trial.hash) ?? AS_FLOAT).ratio;
}

/** The candidate that diverges least, run on every sample: its evaluation may have stopped at a certain miss. */
async function nearest({ trials }: Run, candidates: readonly Candidate[]): Promise<Candidate> {
  const { name, trial } = candidates.reduce((best, candidate) =>
    candidate.trial.divergence < best.trial.divergence ? candidate : best,
  );
  return { name, trial: await trials.runPlan(trial.plan, 'whole') };
}

function startOfLadders({ choices }: Run) {
  return Object.fromEntries(choices.map(({ unit, ladder }) => [unit.name, ladder[0]]));
}
