import type { Edge } from '../../autodiff/edges.js';
import { storable } from '../../calibrate/range.js';
import type { Model } from '../../graph/model.js';
import { type DenseTensor, toFloat32 } from '../../kernel/tensor.js';
import { decideFollowers, wire } from '../../quantize/followers.js';
import type { Format } from '../../quantize/formats.js';
import type { Unit } from '../../quantize/unit.js';
import { activationPerturbation, weightPerturbation } from '../../sensitivity/perturbations.js';
import { type ActivationGrid, gridOf, roundedWeight } from '../../sensitivity/rounding.js';
import type { Trial } from '../../sensitivity/trial-estimators.js';
import { weightOptions } from '../trials/workbench.js';
import type { MeasureOptions } from './measure-options.js';
import { formatsOf } from './rank-units.js';
import { weightOf } from './unit-weight.js';

/** An activation that is rounded: what a unit reads, or what its kernel stores. */
export interface RoundedActivation extends ActivationGrid {
  /** Of the edge or the value, to differentiate by. */
  readonly name: string;
  readonly value: string;
}

/**
 * What a format rounds when this unit, with those that must share its format, is the only one in it: what each reads, on
 * the edge into it, and what the kernel stores. A value that is stored so needs no second rounding where it is read.
 */
export function roundedActivations(options: MeasureOptions, unit: Unit, format: Format): readonly RoundedActivation[] {
  const { bench, choices, calibrated } = options;
  const { statistics, activations } = calibrated;
  const formats = formatsOf(choices, new Map([[unit.group, format]]));
  const { made, aliases } = wire(bench.net, formats, decideFollowers(bench.net, formats));
  const plan = bench.plan(formats);
  const read = edgesOf(groupOf(options, unit)).flatMap(({ name, value }): readonly RoundedActivation[] => {
    const seen = statistics.activations[value];
    const grid = seen && !made.has(value) ? gridOf(seen, activations[value], format) : undefined;
    return grid ? [{ name, value, ...grid }] : [];
  });
  const stored = [...made].flatMap(([value, bits]): readonly RoundedActivation[] => {
    const parameters = plan.activations[value]?.[bits];
    return parameters && !aliases.has(value) ? [{ name: value, value, bits, range: storable(parameters, bits) }] : [];
  });
  return [...read, ...stored];
}

/** What a format changes of a unit, and of those that share its format: their weight once, and every activation. */
export function trialOf(options: MeasureOptions, unit: Unit, format: Format): Trial {
  const weight = weightOf(options.source.model, unit);
  const own =
    weight && unit.weight !== undefined
      ? [{ of: unit.weight, by: weightPerturbation(toFloat32(weight), roundedIn(options, unit, weight, format)) }]
      : [];
  const activations = roundedActivations(options, unit, format).map(({ name, range, bits }) => ({
    of: name,
    by: activationPerturbation(range, bits),
  }));
  return { name: trialName(unit, format), moves: [...own, ...activations] };
}

export function trialName({ name }: Unit, format: Format): string {
  return `${name} in ${format}`;
}

/** The floats that a format leaves of a unit's weight. */
export function roundedIn({ settings }: MeasureOptions, unit: Unit, weight: DenseTensor, format: Format): Float32Array {
  return roundedWeight(unit, weight, format, weightOptions(settings));
}

/** What each unit reads: a format changes this edge, and not what others read of the same value. */
export function edgesOf(units: readonly Unit[]): readonly Edge[] {
  return units.flatMap(({ name, inputs }) =>
    [...new Set(inputs)].map((value) => ({ name: `${name} reads ${value}`, node: name, value })),
  );
}

export function weightsOf(units: readonly Unit[], { graph }: Model): readonly string[] {
  const names = units.flatMap(({ weight }) => (weight === undefined ? [] : [weight]));
  return [...new Set(names)].filter((name) => graph.initializers.has(name));
}

export function groupOf({ bench }: MeasureOptions, { group }: Unit): readonly Unit[] {
  return bench.net.units.filter((unit) => unit.group === group);
}
