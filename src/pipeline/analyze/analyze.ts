import { BitloomError } from '../../kernel/errors.js';
import { type Observer, silent } from '../../kernel/observer.js';
import { loadTarget } from '../../latency/load-target.js';
import { type OptionsOf, type SettingsOf, STAGES } from '../../options.js';
import { readOptions } from '../../read-options.js';
import type { Analysis } from '../../report/analysis.js';
import type { Executor } from '../../runtime/job.js';
import { type Step, scoreSteps } from '../../sensitivity/rank.js';
import type { RankerName } from '../../sensitivity/rankers.js';
import { calibrateModel } from '../baseline/calibrate-model.js';
import { createEvaluations } from '../baseline/evaluations.js';
import { rankingReference } from '../baseline/measure-float.js';
import { metricFor } from '../baseline/metric-for.js';
import { type Choice, choicesFor } from '../choices.js';
import { divideCores } from '../open/divide-cores.js';
import { type KeptRun, withRun } from '../open/kept.js';
import { dataOptions, type Into, openCalibration } from '../open/open-data.js';
import { floatModel, type OpenedModel, openModel } from '../open/open-model.js';
import { withExecutor, withFolder } from '../open/workplace.js';
import type { MeasureOptions } from '../select/measure-options.js';
import { createMeasures } from '../select/measures.js';
import { stepsOf } from '../select/rank-units.js';
import { openWorkbench } from '../trials/workbench.js';
import { type Control, interruptible, type Watch, watch } from '../watch.js';
import { notesOf, type Scores, summarise } from './summarise.js';

export type AnalyzeOptions = OptionsOf<'analyze'>;

/**
 * Measures how much each format hurts each unit alone, by one ranker or several, on calibration samples. Throws a
 * BitloomError with all problems when an option, the model or the data cannot be used, and when no derivative leads from
 * a unit to the loss that a ranker needs. What was measured before is looked up.
 */
export async function analyze(
  options: AnalyzeOptions,
  observer: Observer = silent,
  { signal }: Control = {},
): Promise<Analysis> {
  const settings = readOptions(STAGES.analyze, options);
  const watched = watch(observer, signal);
  return interruptible(watched, signal, 'nothing was measured yet', () =>
    withFolder((folder) => openAndAnalyze(settings, { folder, observer: watched, signal })),
  );
}

type AnalyzeSettings = SettingsOf<'analyze'>;

interface Start extends Into {
  readonly observer: Watch;
}

async function openAndAnalyze(settings: AnalyzeSettings, into: Start): Promise<Analysis> {
  const startedMs = performance.now();
  const { observer, signal, folder } = into;
  const { memory } = settings;
  observer.stage('model');
  const source = await openModel(settings.model, observer);
  return withRun('analyze', settings, source, signal, (kept) => {
    const hint = `what was measured is kept in ${kept.runFolder}: the same command goes on from there`;
    return interruptible(observer, signal, hint, async () => {
      observer.stage('data');
      const data = await openCalibration(settings, dataOptions(settings, source), into);
      const model = floatModel(source, folder);
      const split = await divideCores({ ...kept, model, set: data.set, memory, signal });
      return withExecutor({ ...split, memory, signal }, async (executor) => {
        const analysis = await analyzeWith({ ...into, ...kept, settings, source, data, executor });
        const notes = [...source.notes, ...data.notes, ...analysis.notes, ...kept.complaints()];
        return { ...analysis, notes, seconds: (performance.now() - startedMs) / 1000 };
      });
    });
  });
}

interface Ready extends Start, KeptRun {
  readonly settings: AnalyzeSettings;
  readonly source: OpenedModel;
  readonly data: Awaited<ReturnType<typeof openCalibration>>;
  readonly executor: Executor;
}

async function analyzeWith(ready: Ready): Promise<Omit<Analysis, 'seconds'>> {
  const { settings, source, data, executor, results, observer, folder } = ready;
  const target = loadTarget(settings.target);
  observer.stage('float');
  const evaluations = createEvaluations({ results, executor });
  const model = floatModel(source, folder);
  const reference = await rankingReference({ model, evaluations, folder }, data.set);
  const spec = metricFor({
    ...{ asked: undefined, agreement: true, labelled: false },
    ...{ kinds: reference.kinds, model: source.model, padId: source.files.config?.padId },
  });
  observer.stage('calibration');
  const asked = { ...settings, force: [] };
  const calibrated = await calibrateModel({
    ...{ ...ready, settings: asked, target, rankers: settings.ranker, set: data.set },
  });
  const bench = await openWorkbench({ ...ready, target, calibrated });
  try {
    const choices = choicesFor(bench.net.units, target, asked);
    const steps = stepsOf(choices);
    requireSteps(steps, choices);
    const notes: string[] = [];
    const float = { spec, ranking: async () => reference };
    const listening = { ...observer, note: (text: string) => void notes.push(text) };
    const scored = await scoreAll(
      settings.ranker,
      { ...ready, choices, bench, calibrated, float, observer: listening },
      steps,
    );
    return {
      ...{ model: source.files.model, target: target.name, samples: reference.set.length },
      ...summarise(source, steps, scored),
      notes: [...notes, ...notesOf(choices)],
    };
  } finally {
    await bench.close();
  }
}

/** By each ranker in turn; they share what they measure. */
async function scoreAll(
  rankers: readonly RankerName[],
  options: MeasureOptions & { readonly observer: Observer },
  steps: readonly Step[],
): Promise<readonly Scores[]> {
  const { observer, executor, float } = options;
  const { set } = await float.ranking();
  let ran = 0;
  const measures = createMeasures({
    ...options,
    ran: (samples) => {
      ran += samples;
    },
  });
  const scored: Scores[] = [];
  for (const ranker of rankers) {
    observer.stage(ranker);
    const [startedMs, before] = [performance.now(), ran];
    const scores = await scoreSteps(ranker, steps, measures, executor.workers, (done) =>
      observer.progress({ stage: ranker, done, total: steps.length }),
    );
    const seconds = (performance.now() - startedMs) / 1000;
    scored.push({ ranker, scores, seconds, runs: (ran - before) / set.length });
  }
  return scored;
}

function requireSteps(steps: readonly Step[], choices: readonly Choice[]): void {
  if (steps.length > 0) return;
  const [first] = choices;
  throw new BitloomError({
    kind: 'model',
    code: 'nothing-to-rank',
    message: first
      ? `no unit may take a format other than its first: ${first.unit.name}: ${first.reason}`
      : 'the model has no Conv, Gemm or MatMul whose weight could be quantized',
    hint: first ? 'Ask for others with --formats, or for other units with --include.' : 'Nothing is to be won here.',
  });
}
