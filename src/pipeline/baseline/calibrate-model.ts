import { type CalibrationMethod, calibrate, METHODS } from '../../calibrate/methods.js';
import { observe } from '../../calibrate/observe.js';
import type { Statistics } from '../../calibrate/statistics.js';
import type { PreparedSet } from '../../data/dataset.js';
import type { Observer } from '../../kernel/observer.js';
import type { Target } from '../../latency/target.js';
import type { QuantizeSettings } from '../../options.js';
import { type Bits, FORMATS, type Format } from '../../quantize/formats.js';
import { type Activations, valuesToObserve } from '../../quantize/make-plan.js';
import type { Executor } from '../../runtime/job.js';
import { BY_HISTOGRAMS, type RankerName } from '../../sensitivity/rankers.js';
import { resultKind } from '../../store/result-kind.js';
import type { Results } from '../../store/results.js';
import { HARSHER_FORMATS } from '../choices.js';
import type { OpenedModel } from '../open/open-model.js';

const STATISTICS = resultKind<Statistics>('statistics');

/** What was seen of the activations, and the scales that follow. */
export interface Calibrated {
  readonly statistics: Statistics;
  readonly activations: Activations;
  readonly method: CalibrationMethod;
}

export interface CalibrateModelOptions {
  readonly settings: Pick<QuantizeSettings, 'calibrateWith' | 'formats' | 'uniform' | 'force'>;
  readonly rankers: readonly RankerName[];
  readonly source: OpenedModel;
  readonly target: Target;
  readonly set: PreparedSet;
  readonly executor: Executor;
  readonly results: Results;
  readonly observer: Observer;
}

/** Observes every activation that some plan may quantize, in one pass over the calibration samples. */
export async function calibrateModel(options: CalibrateModelOptions): Promise<Calibrated> {
  const { settings, rankers, source, target, set, executor, results, observer } = options;
  const method = settings.calibrateWith;
  const { model } = source;
  const byHistograms = rankers.some((ranker) => BY_HISTOGRAMS.includes(ranker));
  const detail = byHistograms ? 'histogram' : METHODS[method].detail;
  const values = valuesToObserve(model, target);
  const onProgress = (done: number, total: number) => observer.progress({ stage: 'calibration', done, total });
  const key = { model: source.hash, set: [set.hash, set.length], values, detail, threads: executor.threads };
  const statistics = await results.once(STATISTICS, key, () =>
    observe({ model, values, data: set, detail, executor, onProgress }),
  );
  const activations = Object.fromEntries(calibrate({ statistics, method, bits: widths(settings, target) }));
  return { statistics, activations, method };
}

/** Widths at which some format that may be asked for reads activations; followers carry the target's own. */
function widths(settings: CalibrateModelOptions['settings'], target: Target): readonly Bits[] {
  const asked: readonly Format[] = [
    ...Object.values(target.ladder).flat(),
    ...(settings.formats ?? []),
    ...(settings.uniform ? [settings.uniform] : []),
    ...HARSHER_FORMATS,
    ...settings.force.map(({ format }) => format),
  ];
  const bits = asked.flatMap((format) => {
    const { activation } = FORMATS[format];
    return typeof activation === 'object' ? [activation.bits] : [];
  });
  return [...new Set([target.followerBits, ...bits])];
}
