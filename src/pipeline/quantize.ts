import type { Model } from '../graph/model.js';
import { type Observer, silent } from '../kernel/observer.js';
import { loadTarget } from '../latency/load-target.js';
import { type QuantizeOptions, STAGES } from '../options.js';
import type { Plan } from '../quantize/plan.js';
import { readPlan } from '../quantize/read-plan.js';
import { readOptions } from '../read-options.js';
import type { Preview } from '../report/preview.js';
import type { Report } from '../report/schema.js';
import { calibrateModel } from './calibrate-model.js';
import { choicesFor, uniformChoice } from './choices.js';
import { fitLine } from './harsher-plans.js';
import { makeReport } from './make-report.js';
import { measureFloat } from './measure-float.js';
import { createMeasures } from './measures.js';
import { dataOptions, openSplits } from './open-data.js';
import { openModel } from './open-model.js';
import { pickFastest } from './pick-fastest.js';
import { previewRun } from './preview.js';
import type { Run } from './run.js';
import { type Selection, selectPlans } from './select.js';
import { createTrials } from './trials.js';
import { openWorkbench } from './workbench.js';
import { withWorkplace } from './workplace.js';
import { requireFree, writeResult } from './write-result.js';

export interface QuantizeResult {
  readonly report: Report;
  readonly plan: Plan;
  /** The quantized model as a graph, as it was written to `out`. */
  readonly model: Model;
}

/**
 * Finds the fastest model inside the floor, measured, and writes it with its plan and report. Throws a BitloomError
 * with all problems when an option, the model or the data cannot be used; nothing is written then. With `dryRun` it
 * only tells what it would do.
 */
export async function quantize(
  options: QuantizeOptions & { readonly dryRun: true },
  observer?: Observer,
): Promise<Preview>;
export async function quantize(options: QuantizeOptions, observer?: Observer): Promise<QuantizeResult>;
export async function quantize(
  options: QuantizeOptions,
  observer: Observer = silent,
): Promise<QuantizeResult | Preview> {
  const startedMs = performance.now();
  const settings = readOptions(STAGES.quantize, options);
  requireFree(settings.out, settings.overwrite);
  if (settings.dryRun) return previewRun(settings, observer);
  return withWorkplace({ memory: settings.memory }, ({ folder, executor }) =>
    runIn(folder, { settings, executor, observer, startedMs }),
  );
}

type Start = Pick<Run, 'settings' | 'executor' | 'observer' | 'startedMs'>;

async function runIn(folder: string, start: Start): Promise<QuantizeResult> {
  const { settings, executor, observer } = start;
  const target = loadTarget(settings.target);

  observer.stage('model');
  const source = await openModel(settings.model, observer);
  observer.stage('data');
  const { sets, notes } = await openSplits(settings, dataOptions(settings, source), folder, observer);
  observer.stage('float');
  const float = await measureFloat({ settings, source, sets, executor, folder, observer });
  observer.stage('calibration');
  const calibrated = await calibrateModel({ settings, source, target, set: sets.calibration, executor, observer });

  const bench = await openWorkbench({ settings, source, target, calibrated, executor, folder });
  try {
    const choices = choicesFor(bench.net.units, target, settings);
    const trials = createTrials({ bench, executor, float, observer });
    const run: Run = {
      ...start,
      source,
      sets,
      notes: [...source.notes, ...notes],
      float,
      calibrated,
      choices,
      bench,
      trials,
    };
    const selection = await select(run);
    observer.stage('latency');
    const picked = await pickFastest(run, selection);
    observer.stage('holdout');
    const report = await makeReport(run, selection, picked);
    const { plan, model } = picked.trial;
    await writeResult(settings.out, settings.name, { model, plan, report });
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
    workers: run.executor.workers,
    observer,
  });
}
