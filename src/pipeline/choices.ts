import type { Target } from '../latency/target.js';
import type { Forced } from '../option-text.js';
import type { Formats } from '../quantize/followers.js';
import type { Format } from '../quantize/formats.js';
import { requireMatches } from '../quantize/match-units.js';
import { reasonAgainst } from '../quantize/rules.js';
import type { Unit } from '../quantize/unit.js';

/** Formats surely worse than those that are searched, each worse than the one before it. */
export const HARSHER_FORMATS: readonly Format[] = ['w4a8', 'w4a4'];

/** What a user says of single units. */
export interface Constraints {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly force: readonly Forced[];
  /** Formats to search instead of the target's ladder, slowest first. */
  readonly formats?: readonly Format[];
}

/** The formats that one unit may take, slowest first, and why there are no others. */
export interface Choice {
  readonly unit: Unit;
  readonly ladder: readonly Format[];
  /** Whether the user fixed it. */
  readonly fixed: boolean;
  /** Empty where the target's whole ladder is open. */
  readonly reason: string;
}

/** What is open for each unit. Patterns that name no unit are errors. */
export function choicesFor(units: readonly Unit[], target: Target, constraints: Constraints): readonly Choice[] {
  const named = (patterns: readonly string[], option: string) =>
    new Set(patterns.flatMap((pattern) => requireMatches(units, pattern, option)));
  const included = named(constraints.include, 'include');
  const excluded = named(constraints.exclude, 'exclude');
  const forced = new Map(
    constraints.force.flatMap(({ pattern, format }) =>
      requireMatches(units, pattern, 'force').map((unit) => [unit, format] as const),
    ),
  );
  return units.map((unit): Choice => {
    const fixed = forced.get(unit);
    if (fixed) return { unit, ladder: [fixed], fixed: true, reason: `fixed to ${fixed} by --force` };
    const [start] = ladderOf(unit, target);
    if (excluded.has(unit)) return { unit, ladder: [start], fixed: true, reason: `left in ${start} by --exclude` };
    if (included.size > 0 && !included.has(unit))
      return { unit, ladder: [start], fixed: true, reason: 'not named by --include' };
    return open(unit, target, constraints.formats);
  });
}

function open(unit: Unit, target: Target, formats: readonly Format[] | undefined): Choice {
  const own = ladderOf(unit, target);
  const [start] = own;
  const wanted = formats ? [start, ...formats.filter((format) => format !== start)] : own;
  const ladder = wanted.filter((format) => reasonAgainst(unit, format, target) === undefined);
  const refused = wanted.map((format) => reasonAgainst(unit, format, target)).find((reason) => reason !== undefined);
  if (ladder.length > 1) return { unit, ladder, fixed: false, reason: '' };
  return {
    unit,
    ladder: [start],
    fixed: false,
    reason: refused ?? nothingFaster(unit, target),
  };
}

/** Every unit in `format` that can take it and is not fixed, units of one group alike; the rest at the start of their ladders. */
export function uniformChoice(choices: readonly Choice[], format: Format, target: Target): Formats {
  const refuses = ({ unit, fixed }: Choice) => fixed || reasonAgainst(unit, format, target) !== undefined;
  const refused = new Set(choices.filter(refuses).map(({ unit }) => unit.group));
  return Object.fromEntries(
    choices.map(({ unit, ladder }) => [unit.name, refused.has(unit.group) ? ladder[0] : format]),
  );
}

function nothingFaster({ op, weight }: Unit, { name, baseline }: Target): string {
  const what = weight === undefined ? 'a product of two activations' : op;
  return `no format is faster than ${baseline} for ${what} on ${name}`;
}

function ladderOf(unit: Unit, target: Target): readonly Format[] {
  return unit.weight === undefined ? target.products : target.ladder[unit.op];
}
