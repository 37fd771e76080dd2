import type { Model } from '../graph/model.js';
import { type Observer, silent } from '../kernel/observer.js';
import { loadTarget } from '../latency/load-target.js';
import { type QuantizeOptions, STAGES } from '../options.js';
import type { Plan } from '../quantize/plan.js';
import { readPlan } from '../quantize/read-plan.js';
import { readOptions } from '../read-options.js';
import type { Preview } from '../report/preview.js';
import type { Report } from '../report/schema.js';
import type { Executor } from '../runtime/job.js';
import { calibrateModel } from './baseline/calibrate-model.js';
import { createEvaluations, type Runnable } from './baseline/evaluations.js';
import { measureFloat } from './baseline/measure-float.js';
import { choicesFor, uniformChoice } from './choices.js';
import { createDamageModels } from './damage/damage-models.js';
import { divideCores } from './open/divide-cores.js';
import { type KeptRun, withRun } from './open/kept.js';
import { dataOptions, type OpenedData, openSplits } from './open/open-data.js';
import { floatModel, type OpenedModel, openModel } from './open/open-model.js';
import { withExecutor, withFolder } from './open/workplace.js';
import { previewRun } from './preview.js';
import { makeReport } from './result/make-report.js';
import { requireFree, writeResult } from './result/write-result.js';
import type { Run } from './run.js';
import { latencyOfPlans } from './select/latency-of-plans.js';
import { createMeasures } from './select/measures.js';
import { selectPlans } from './select/select.js';
import type { Selection } from './select/selection.js';
import { requireMeasure } from './timing/measure-with.js';
import { pickFastest } from './timing/pick-fastest.js';
import { fitLine } from './trials/harsher-plans.js';
import { mostEvaluations } from './trials/most-evaluations.js';
import { createTrials } from './trials/trials.js';
import { openWorkbench } from './trials/workbench.js';
import { type Control, interruptible, type Watch, watch } from './watch.js';

export interface QuantizeResult {
  readonly report: Report;
  readonly plan: Plan;
  /** The quantized model as a graph, as it was written to `out`. */
  readonly model: Model;
}

/**
 * Finds the fastest model inside the floor, measured, and writes it with its plan and report. Throws a BitloomError
 * with all problems when an option, the model or the data cannot be used; nothing is written then. What was measured
 * when it ends early, by an error or by the control's signal (code `interrupted`), is kept: the same call goes on from
 * there. With `dryRun` it only tells what it would do.
 */
export async function quantize(
  options: QuantizeOptions & { readonly dryRun: true },
  observer?: Observer,
  control?: Control,
): Promise<Preview>;
export async function quantize(
  options: QuantizeOptions,
  observer?: Observer,
  control?: Control,
): Promise<QuantizeResult>;
export async function quantize(
  options: QuantizeOptions,
  observer: Observer = silent,
  { signal }: Control = {},
): Promise<QuantizeResult | Preview> {
  const startedMs = performance.now();
  const settings = readOptions(STAGES.quantize, options);
  requireFree(settings.out, settings.overwrite);
  if (settings.measureWith !== undefined) await requireMeasure(settings.measureWith, signal);
  if (settings.dryRun) return previewRun(settings, observer);
  const watched = watch(observer, signal);
  return interruptible(watched, signal, 'nothing was measured yet', () =>
    withFolder((folder) => openAndRun({ settings, folder, observer: watched, signal, startedMs })),
  );
}

interface Start extends Pick<Run, 'settings' | 'signal' | 'startedMs'> {
  /** For files that are gone when the run ends. */
  readonly folder: string;
  readonly observer: Watch;
}

async function openAndRun(start: Start): Promise<QuantizeResult> {
  const { settings, folder, observer, signal } = start;
  observer.stage('model');
  const source = await openModel(settings.model, observer);
  return withRun('quantize', settings, source, signal, (kept) => {
    const hint = `what was measured is kept in ${kept.runFolder}: the same command goes on from there`;
    return interruptible(observer, signal, hint, async () => {
      observer.stage('data');
      const data = await openSplits(settings, dataOptions(settings, source), { folder, observer, signal });
      const model = floatModel(source, folder);
      const { memory } = settings;
      const split = await divideCores({ ...kept, model, set: data.sets.calibration, memory, signal });
      return withExecutor({ ...split, memory, signal }, (executor) =>
        runWith({ ...start, ...kept, source, model, data, executor }),
      );
    });
  });
}

interface Ready extends Start, KeptRun {
  readonly source: OpenedModel;
  /** The float model as it is run. */
  readonly model: Runnable;
  readonly data: OpenedData;
  readonly executor: Executor;
}

async function runWith(ready: Ready): Promise<QuantizeResult> {
  const { settings, source, data, executor, results, observer } = ready;
  const target = loadTarget(settings.target);
  const evaluations = createEvaluations({ results, executor });
  observer.stage('float');
  const float = await measureFloat({ ...ready, ...data, evaluations });
  observer.stage('calibration');
  const calibrated = await calibrateModel({
    ...ready,
    target,
    rankers: [settings.ranker],
    set: data.sets.calibration,
  });

  const bench = await openWorkbench({ ...ready, target, calibrated });
  try {
    const choices = choicesFor(bench.net.units, target, settings);
    const trials = createTrials({ ...ready, bench, evaluations, float, most: mostEvaluations(settings, choices) });
    const notes = [...source.notes, ...data.notes];
    const run: Run = { ...ready, sets: data.sets, evaluations, notes, float, calibrated, choices, bench, trials };
    const selection = await select(run);
    observer.stage('latency');
    const picked = await pickFastest(run, selection);
    observer.stage('holdout');
    const report = await makeReport(run, selection, picked);
    const { plan, model } = picked.trial;
    await writeResult({ ...settings, runFolder: ready.runFolder }, { model, plan, report });
    return { report, plan, model };
  } finally {
    await bench.close();
  }
}

/** A plan given, one format everywhere, or the search. */
async function select(run: Run): Promise<Selection> {
  const { settings, source, choices, trials, observer } = run;
  const target = loadTarget(settings.target);
  observer.stage('search');
  trials.useLine(await fitLine(run));
  if (settings.plan !== undefined) {
    const trial = await trials.runPlan(await readPlan(settings.plan, source.hash), 'whole');
    return { candidates: [{ name: 'plan', trial }], sensitivities: {}, reason: `${settings.plan} was applied` };
  }
  if (settings.uniform !== undefined) {
    const trial = await trials.run(uniformChoice(choices, settings.uniform, target), 'whole');
    const name = `uniform ${settings.uniform}`;
    return { candidates: [{ name, trial }], sensitivities: {}, reason: `${name} was asked for` };
  }
  return selectPlans({
    choices,
    target,
    trials,
    measures: createMeasures(run),
    ranker: settings.ranker,
    search: settings.search,
    interactions: settings.interactions,
    augmentation: { lambda: settings.lambda, normalisation: settings.normalisation },
    damage: createDamageModels({ ...run, pairs: settings.pairs }),
    latency: () => latencyOfPlans(run),
    workers: run.executor.workers,
    observer,
  });
}
