import type { PreparedSet } from '../data/dataset.js';
import { readSample } from '../data/prepared.js';
import { type BenchResult, bench } from '../runtime/bench.js';
import { allCores } from '../runtime/cores.js';
import type { Feeds } from '../runtime/feeds.js';
import { resultKind } from '../store/result-kind.js';
import type { Runnable } from './evaluations.js';
import type { Run } from './run.js';
import type { Candidate, Selection } from './select.js';

const LATENCY = resultKind<BenchResult>('latency');

/** The plan that is returned, and how long float and all candidates took. */
export interface Picked extends Candidate {
  /** Float first, then the candidates timed, in their order; each named by the hash of its content. */
  readonly latency: BenchResult;
  readonly reason: string;
}

/** Samples, spread over the set, that are run in turn when models are timed: sequences differ in length. */
const TIMED_SAMPLES = 8;

/**
 * Times the candidates that hold the floor against float, interleaved, and takes the fastest; float itself where none
 * is faster. Where none holds, the one that loses least is returned, and the report says that it does not hold.
 */
export async function pickFastest(run: Run, { candidates, reason }: Selection): Promise<Picked> {
  const searched = run.settings.plan === undefined && run.settings.uniform === undefined;
  const holding = candidates.filter(({ trial }) => trial.verdict.holds);
  const timed = unique(holding.length > 0 && searched ? holding : [await nearest(run, candidates)]);
  const latency = await timeAgainstFloat(run, timed);
  const best = fastest(timed, latency);
  if (!searched || holding.length === 0 || ratioOf(latency, best) < 1) return { ...best, latency, reason };
  const float = { name: 'float', trial: await run.trials.run(startOfLadders(run), 'whole') };
  return { ...float, latency, reason: 'no plan that holds the floor runs faster than float' };
}

/** Candidates that are the same plan are timed once, under the first name. */
function unique(candidates: readonly Candidate[]): readonly Candidate[] {
  const first = new Map<string, Candidate>();
  for (const candidate of candidates) {
    if (!first.has(candidate.trial.hash)) first.set(candidate.trial.hash, candidate);
  }
  return [...first.values()];
}

/** A measurement that the machine disturbed is not kept: the next run may find it quiet. */
async function timeAgainstFloat(run: Run, candidates: readonly Candidate[]): Promise<BenchResult> {
  const { float, settings, sets, results } = run;
  const threads = settings.threads ?? allCores();
  const models = [float.model, ...candidates.map(({ trial }) => trial)];
  const key = { models: models.map(({ hash }) => hash), set: [sets.selection.hash, sets.selection.length], threads };
  const known = await results.find(LATENCY, key);
  if (known) return known;
  const measured = await timeInTurns(run, models, threads);
  if (!measured.noisy) await results.keep(LATENCY, key, measured);
  return measured;
}

async function timeInTurns({ sets, observer, signal }: Run, models: readonly Runnable[], threads: number) {
  const files = await Promise.all(models.map(({ file }) => file()));
  const measured = await bench(files, {
    feeds: { kind: 'samples', samples: await spreadInputs(sets.selection), batch: 1 },
    threads,
    onRound: (done) => observer.progress({ stage: 'latency', done, total: done }),
    ...(signal && { signal }),
  });
  const named = <T extends { readonly path: string }>(item: T): T => ({
    ...item,
    path: models[files.indexOf(item.path)].hash,
  });
  return { ...measured, models: measured.models.map(named), ratios: measured.ratios.map(named) };
}

async function spreadInputs(set: PreparedSet): Promise<readonly Feeds[]> {
  const count = Math.min(TIMED_SAMPLES, set.length);
  const positions = Array.from({ length: count }, (_, i) => Math.floor(((i + 0.5) * set.length) / count));
  const samples = await Promise.all(positions.map((position) => readSample(set, position)));
  return samples.map(({ inputs }) => inputs);
}

function fastest(candidates: readonly Candidate[], latency: BenchResult): Candidate {
  return candidates.reduce((best, candidate) =>
    ratioOf(latency, candidate) < ratioOf(latency, best) ? candidate : best,
  );
}

/** A candidate's time over float's. */
export function ratioOf(latency: BenchResult, { trial }: Candidate): number {
  return latency.ratios.find(({ path }) => path === trial.hash)?.ratio ?? 1;
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
