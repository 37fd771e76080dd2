/** The steps of a model, in the order in which they are measured: what `quantize` is asked, and how long it may take. */
import type { QuantizeOptions } from '../../src/options.js';
import type { Case, Sets } from '../cases.js';

export interface Step {
  readonly name: string;
  /** Beside model, data and resources. */
  readonly options: Partial<QuantizeOptions>;
  sets(folder: string): Promise<Sets>;
  /** Times about which the step runs the float model over its holdout set, to foresee how long it takes. */
  readonly passes: number;
}

const METHODS = ['min-max', 'percentile', 'entropy', 'mse'] as const;
const FLOORS = ['99%', '99.9%'] as const;

/** Nothing is decided in a uniform run: any divergence will do, and no harsher plans need be run to judge a loss. */
const NO_FLOOR = 'kl=1000';
const UNIFORM_PASSES = 4;
const PLAN_PASSES = 16;

export function stepsOf({ formats, uniform, plan }: Case): readonly Step[] {
  const calibrated = METHODS.map((calibrateWith) => ({
    name: `w8a8 ${calibrateWith}`,
    options: { uniform: 'w8a8' as const, calibrateWith, keep: NO_FLOOR },
  }));
  const others = (['w4a8', ...formats] as const).map((format) => ({
    name: format,
    options: { uniform: format, keep: NO_FLOOR },
  }));
  const floors = FLOORS.map((keep) => ({ name: `plan ${keep}`, options: { keep } }));
  return [
    ...[...calibrated, ...others].map((step) => ({ ...step, sets: uniform, passes: UNIFORM_PASSES })),
    ...floors.map((step) => ({ ...step, sets: plan, passes: PLAN_PASSES })),
  ];
}
