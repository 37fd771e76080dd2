import type { PreparedSet, Splits } from '../data/dataset.js';
import type { Observer } from '../kernel/observer.js';
import type { QuantizeSettings } from '../options.js';
import type { Executor } from '../runtime/job.js';
import type { Results } from '../store/results.js';
import type { Calibrated } from './baseline/calibrate-model.js';
import type { Evaluations } from './baseline/evaluations.js';
import type { FloatBaseline } from './baseline/measure-float.js';
import type { Choice } from './choices.js';
import type { OpenedModel } from './open/open-model.js';
import type { Trials } from './trials/trials.js';
import type { Workbench } from './trials/workbench.js';

/** What a run was given and has made so far. */
export interface Run {
  readonly settings: QuantizeSettings;
  readonly source: OpenedModel;
  readonly sets: Splits<PreparedSet>;
  /** What the user should know of model and data. */
  readonly notes: readonly string[];
  /** What was found damaged among what was kept. */
  complaints(): readonly string[];
  readonly float: FloatBaseline;
  readonly calibrated: Calibrated;
  readonly choices: readonly Choice[];
  readonly bench: Workbench;
  readonly trials: Trials;
  readonly executor: Executor;
  readonly results: Results;
  readonly evaluations: Evaluations;
  readonly observer: Observer;
  /** Aborted when the user wants no more of the run. */
  readonly signal: AbortSignal | undefined;
  readonly startedMs: number;
}
