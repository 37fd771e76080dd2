import type { Bits } from '../quantize/formats.js';
import { affineParameters } from '../quantize/grid.js';
import type { ActivationParameters, Range } from '../quantize/plan.js';
import { entropyRange } from './entropy.js';
import { minMaxRange } from './min-max.js';
import { mseRange } from './mse.js';
import type { Detail } from './observe.js';
import { percentileRange } from './percentile.js';
import type { Grid } from './range.js';
import type { ActivationStatistics, Statistics } from './statistics.js';

export type CalibrationMethod = 'min-max' | 'percentile' | 'entropy' | 'mse';

export interface MethodRule {
  /** What has to be observed. */
  readonly detail: Detail;
  /** The range that an activation is quantized over; 0 is always inside. */
  readonly range: (statistics: ActivationStatistics, grid: Grid) => Range;
  readonly says: string;
}

export const METHODS: { readonly [M in CalibrationMethod]: MethodRule } = {
  'min-max': { detail: 'range', range: minMaxRange, says: 'everything that was seen' },
  percentile: { detail: 'histogram', range: percentileRange, says: 'all but a fixed share of the elements' },
  entropy: { detail: 'histogram', range: entropyRange, says: 'least divergence from the distribution seen' },
  mse: { detail: 'histogram', range: mseRange, says: 'least squared error of quantization' },
};

export function isCalibrationMethod(name: string): name is CalibrationMethod {
  return Object.hasOwn(METHODS, name);
}

export interface CalibrateOptions {
  /** Observed with the detail that the method needs, or more. */
  readonly statistics: Statistics;
  readonly method: CalibrationMethod;
  /** One number of bits, or several: an activation may be read at two precisions. */
  readonly bits: Bits | readonly Bits[];
  /** False when left out: zero points where the range wants them. */
  readonly symmetric?: boolean;
}

/** Scale and zero point of every observed activation, by value name. */
export function calibrate(options: CalibrateOptions): Map<string, ActivationParameters> {
  const { statistics, method, symmetric = false } = options;
  const widths = [options.bits].flat();
  return new Map(
    Object.entries(statistics.activations).map(([name, seen]) => [
      name,
      Object.fromEntries(
        widths.map((bits) => {
          const range = METHODS[method].range(seen, { bits, symmetric });
          return [bits, affineParameters(range, bits, { symmetric })];
        }),
      ),
    ]),
  );
}
