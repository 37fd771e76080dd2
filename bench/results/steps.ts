/** The steps of a model, in the order in which they are measured: what `quantize` is asked. */
import type { QuantizeOptions } from '../../src/options.js';
import type { Format } from '../../src/quantize/formats.js';
import type { Case } from '../cases.js';

export interface Step {
  readonly name: string;
  /** Beside model, data and resources. */
  readonly options: Partial<QuantizeOptions>;
}

const METHODS = ['min-max', 'percentile', 'entropy', 'mse'] as const;

/** Nothing is decided in a uniform run: any divergence will do, and no harsher plans need be run to judge a loss. */
const NO_FLOOR = 'kl=1000';

export function stepsOf({ formats }: Case): readonly Step[] {
  const calibrated = METHODS.map((calibrateWith) => uniform(`w8a8 ${calibrateWith}`, 'w8a8', { calibrateWith }));
  const others = (['w4a8', ...formats] as const).map((format) => uniform(format, format));
  return [...calibrated, ...others];
}

function uniform(name: string, format: Format, options: Step['options'] = {}): Step {
  return { name, options: { ...options, uniform: format, keep: NO_FLOOR } };
}
