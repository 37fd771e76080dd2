import { mean, standardError } from '../../kernel/statistics.js';
import { type DenseTensor, toFloat32 } from '../../kernel/tensor.js';
import type { Formats } from '../../quantize/followers.js';
import type { Unit } from '../../quantize/unit.js';
import type { Executor } from '../../runtime/job.js';
import { withNoise } from '../../sensitivity/noise.js';
import type { Estimate, Measures } from '../../sensitivity/rankers.js';
import { activationError, relativeError, roundedWeight } from '../../sensitivity/rounding.js';
import { createEvaluations } from '../baseline/evaluations.js';
import { batchOf, type Variant, weightOptions } from '../trials/workbench.js';
import { createDerivativeMeasures } from './derivative-measures.js';
import type { MeasureOptions } from './measure-options.js';
import { weightOf } from './unit-weight.js';

/** Measures of one unit at a time. Each run of a model takes one worker, so that as many go on as there are workers. */
export function createMeasures(options: MeasureOptions): Measures {
  const { bench, choices, settings, calibrated } = options;
  const { model } = options.source;
  const { statistics, activations } = calibrated;
  const weights = weightOptions(settings);
  const rounded = (unit: Unit, format: Formats[string], weight: DenseTensor) =>
    roundedWeight(unit, weight, format, weights);
  return {
    ...createDerivativeMeasures(options),
    weightError(unit, format) {
      const weight = weightOf(model, unit);
      return weight ? relativeError(toFloat32(weight), rounded(unit, format, weight)) : 0;
    },
    activationError: (unit, format) =>
      unit.inputs.reduce((total, value) => {
        const seen = statistics.activations[value];
        return total + (seen ? activationError(seen, activations[value], format) : 0);
      }, 0),
    async divergenceWithNoise(unit, format) {
      const weight = weightOf(model, unit);
      if (!weight || !unit.weight) return NONE;
      const strength = Math.sqrt(relativeError(toFloat32(weight), rounded(unit, format, weight)) * meanSquare(weight));
      return divergenceOf(options, await bench.variant(withNoise(model, unit.weight, strength, settings.seed)), {});
    },
    async divergenceAlone(unit, format) {
      const formats: Formats = Object.fromEntries(
        choices.map(({ unit: other, ladder }) => [other.name, other.group === unit.group ? format : ladder[0]]),
      );
      return divergenceOf(options, await bench.build(bench.plan(formats)), formats);
    },
  };
}

/** A unit without a weight has nothing that noise could be added to. */
const NONE: Estimate = { value: 0, standardError: 0 };

async function divergenceOf(
  { executor, results, float, ran }: MeasureOptions,
  variant: Variant,
  formats: Formats,
): Promise<Estimate> {
  const alone: Executor = { ...executor, workers: 1 };
  const evaluations = createEvaluations({ executor: alone, results });
  const outcomes = await evaluations.model(await float.ranking(), float.spec, variant, batchOf(formats));
  await variant.discard();
  ran?.(outcomes.samples - outcomes.recalled);
  const { divergence } = outcomes;
  return { value: mean(divergence), standardError: standardError(divergence) };
}

function meanSquare(weight: DenseTensor): number {
  const values = toFloat32(weight);
  return values.reduce((total, value) => total + value * value, 0) / Math.max(1, values.length);
}
