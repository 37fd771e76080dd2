import { didYouMean } from '../kernel/did-you-mean.js';
import { BitloomError, type Problem, throwAll } from '../kernel/errors.js';
import type { Format } from '../quantize/formats.js';
import { reasonAgainst, type TargetRules } from '../quantize/rules.js';
import type { Unit } from '../quantize/unit.js';

/** A unit in a format, everything else in float. Units that share its weight take the format too. */
export interface Perturbation {
  /** A unit's name. */
  readonly unit: string;
  readonly format: Format;
}

/** What is changed in the float model: one perturbation, or two at once. Plain data. */
export type Variant = readonly [Perturbation] | readonly [Perturbation, Perturbation];

/** Each unit group in each of its formats. */
export function singles(units: readonly Unit[], formatsOf: (unit: Unit) => readonly Format[]): readonly Variant[] {
  return leaders(units).flatMap((unit) => formatsOf(unit).map((format): Variant => [{ unit: unit.name, format }]));
}

/** Each two of these perturbations of different units at once. */
export function pairsOf(perturbations: readonly Variant[]): readonly Variant[] {
  const alone = perturbations.flatMap((variant) => (variant.length === 1 ? [variant[0]] : []));
  return alone.flatMap((first, i) =>
    alone.slice(i + 1).flatMap((second): Variant[] => (first.unit === second.unit ? [] : [[first, second]])),
  );
}

/** Refuses, all at once, what names no unit, a format that its unit cannot take, and a unit paired with itself. */
export function checkVariants(variants: readonly Variant[], units: readonly Unit[], target: TargetRules): void {
  const named = new Map(units.map((unit) => [unit.name, unit]));
  const problems = new Map<string, Problem>();
  for (const variant of variants) {
    for (const problem of problemsOf(variant, named, target)) problems.set(JSON.stringify(problem), problem);
  }
  throwAll([...problems.values()]);
}

function problemsOf(variant: Variant, units: ReadonlyMap<string, Unit>, target: TargetRules): readonly Problem[] {
  const groups = new Set(variant.map(({ unit }) => units.get(unit)?.group ?? unit));
  const own = variant.flatMap((each) => problemOf(each, units, target) ?? []);
  if (own.length > 0 || groups.size === variant.length) return own;
  const message = 'a pair needs two units with weights of their own';
  return [{ kind: 'option', code: 'unit-paired-with-itself', message, place: { node: variant[0].unit } }];
}

function problemOf({ unit: name, format }: Perturbation, units: ReadonlyMap<string, Unit>, target: TargetRules) {
  const unit = units.get(name);
  const place = { node: name };
  if (!unit) {
    const hint = didYouMean(name, [...units.keys()]);
    return {
      kind: 'option',
      code: 'unknown-unit',
      message: 'the model has no unit of this name',
      place,
      hint,
    } as const;
  }
  if (format === 'float') {
    const message = 'float is no perturbation';
    return { kind: 'option', code: 'float-perturbation', message, place } as const;
  }
  const members = [...units.values()].filter(({ group }) => group === unit.group);
  const reason = members.map((member) => reasonAgainst(member, format, target)).find((found) => found !== undefined);
  if (reason === undefined) return undefined;
  const message = `it cannot run in ${format} on ${target.name}: ${reason}`;
  return { kind: 'option', code: 'format-not-possible', message, place: { ...place, op: unit.op } } as const;
}

/** The first unit of each group, in graph order. */
function leaders(units: readonly Unit[]): readonly Unit[] {
  return units.filter((unit, i) => units.findIndex(({ group }) => group === unit.group) === i);
}

/** The group of a unit that the model is known to have. */
export function groupOf(units: readonly Unit[], name: string): string {
  const unit = units.find((each) => each.name === name);
  if (unit) return unit.group;
  throw new BitloomError({ kind: 'option', code: 'unknown-unit', message: `the model has no unit ${name}` });
}
