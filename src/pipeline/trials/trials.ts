import type { LossLine, Verdict } from '../../evaluate/floor.js';
import type { Outcomes } from '../../evaluate/outcomes.js';
import type { Observer } from '../../kernel/observer.js';
import { mean } from '../../kernel/statistics.js';
import type { Formats } from '../../quantize/followers.js';
import type { Plan } from '../../quantize/plan.js';
import { significant } from '../../report/format.js';
import type { Evaluations } from '../baseline/evaluations.js';
import type { FloatBaseline } from '../baseline/measure-float.js';
import { blame } from './blame.js';
import { type Built, batchOf, type Workbench } from './workbench.js';

/** A plan that ran on the selection samples. */
export interface Trial extends Built {
  readonly outcomes: Outcomes;
  readonly divergence: number;
  readonly verdict: Verdict;
}

/** `decided`: stop once the floor is missed for certain; `whole`: run every sample. */
export type Extent = 'decided' | 'whole';

/** Runs plans on the selection samples and judges them; a plan asked for again is not run again. */
export interface Trials {
  run(formats: Formats, extent?: Extent): Promise<Trial>;
  runPlan(plan: Plan, extent?: Extent): Promise<Trial>;
  /** The line from divergence to loss by which later verdicts predict. */
  useLine(line: LossLine | undefined): void;
  readonly evaluations: number;
  readonly samplesRun: number;
}

export interface TrialsOptions {
  readonly bench: Workbench;
  readonly evaluations: Evaluations;
  readonly float: FloatBaseline;
  readonly observer: Observer;
  /** Where a plan is written that ends its worker processes. */
  readonly runFolder: string;
  /** Most evaluations that the search may ask for. */
  readonly most: number;
}

type Outcome = Omit<Trial, 'verdict'>;

export function createTrials(options: TrialsOptions): Trials {
  const { bench, float, observer, most } = options;
  const { judge, spec, references } = float;
  const known = new Map<string, Promise<Outcome>>();
  let line: LossLine | undefined;
  let evaluations = 0;
  let samplesRun = 0;
  let best: Trial | undefined;

  const evaluate = async (plan: Plan, extent: Extent): Promise<Outcome> => {
    const built = await bench.build(plan);
    const count = evaluations;
    const evaluated = options.evaluations.model(references.selection, spec, built, {
      ...batchOf(plan.units),
      ...(extent === 'decided' && { decided: (rows, divergences) => judge.hopeless(rows, divergences, line) }),
      onProgress: (done, total) =>
        observer.progress({
          stage: 'search',
          done: count - 1 + done / total,
          total: Math.max(most, count),
          atMost: true,
          note: `evaluation ${count}`,
          ...(best && { best: formatCounts(best) }),
        }),
    });
    const outcomes = await evaluated.catch((error: unknown) => blame(plan, error, options.runFolder));
    samplesRun += outcomes.rows.length;
    return { ...built, outcomes, divergence: mean(outcomes.divergence) };
  };
  const remembered = (plan: Plan, extent: Extent): Promise<Outcome> => {
    const keyOf = (how: Extent) => JSON.stringify([how, plan.units, plan.emission]);
    const found = known.get(keyOf('whole')) ?? known.get(keyOf(extent));
    if (found) return found;
    evaluations++;
    const run = evaluate(plan, extent);
    known.set(keyOf(extent), run);
    return run;
  };
  const runPlan = async (plan: Plan, extent: Extent = 'decided'): Promise<Trial> => {
    const before = evaluations;
    const run = await remembered(plan, extent);
    const trial = { ...run, verdict: judge.judge(run.outcomes, line) };
    if (evaluations > before) observer.trace(describeTrial(trial));
    if (extent === 'decided' && trial.verdict.holds && quantized(trial) > (best ? quantized(best) : 0)) best = trial;
    return trial;
  };
  return {
    run: (formats, extent) => runPlan(bench.plan(formats), extent),
    runPlan,
    useLine(fitted) {
      line = fitted;
    },
    get evaluations() {
      return evaluations;
    },
    get samplesRun() {
      return samplesRun;
    },
  };
}

function quantized({ plan }: Trial): number {
  return Object.values(plan.units).filter((format) => format !== 'float').length;
}

/** `53 w8a8, 1 float`. */
function formatCounts({ plan }: Trial): string {
  const formats = Object.values(plan.units);
  return [...new Set(formats)]
    .map((format) => `${formats.filter((other) => other === format).length} ${format}`)
    .join(', ');
}

/** `53 w8a8, 1 float: loss 0.004, predicted 0.0031, divergence 0.012: holds`. */
function describeTrial(trial: Trial): string {
  const { verdict, divergence, outcomes } = trial;
  const predicted = verdict.predicted === undefined ? '' : `, predicted ${significant(verdict.predicted)}`;
  const early = outcomes.stoppedEarly ? ` after ${outcomes.rows.length} samples` : '';
  const judged = `${verdict.holds ? 'holds' : 'misses'}${early}`;
  return `${formatCounts(trial)}: loss ${significant(verdict.loss.value)}${predicted}, divergence ${significant(divergence)}: ${judged}`;
}
