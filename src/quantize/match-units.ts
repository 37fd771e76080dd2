import picomatch from 'picomatch';
import { nearest } from '../kernel/did-you-mean.js';
import { BitloomError, type Problem } from '../kernel/errors.js';
import type { Unit } from './unit.js';

/** The units whose name or operator a pattern names: a glob, `/a regular expression/`, or an operator type. */
export function matchUnits(units: readonly Unit[], pattern: string): readonly Unit[] {
  const named = units.filter((unit) => unit.op === pattern || unit.name === pattern);
  if (named.length > 0) return named;
  const matches = matcher(pattern);
  return units.filter((unit) => matches(unit.name));
}

/** As `matchUnits`; a pattern that matches nothing is a problem of `option`. */
export function requireMatches(units: readonly Unit[], pattern: string, option: string): readonly Unit[] {
  const found = matchUnits(units, pattern);
  if (found.length === 0) throw new BitloomError(nothingMatches(units, pattern, option));
  return found;
}

function matcher(pattern: string): (name: string) => boolean {
  const expression = /^\/(?<source>.*)\/(?<flags>[imsu]*)$/.exec(pattern)?.groups;
  if (!expression) return picomatch(pattern, { bash: true });
  const regular = regularExpression(expression.source, expression.flags);
  return (name) => regular.test(name);
}

function regularExpression(source: string, flags: string): RegExp {
  try {
    return new RegExp(source, flags);
  } catch (cause) {
    const message = `/${source}/${flags} is no regular expression`;
    throw new BitloomError({ kind: 'option', code: 'bad-pattern', message }, { cause });
  }
}

function nothingMatches(units: readonly Unit[], pattern: string, option: string): Problem {
  const names = [...new Set(units.flatMap((unit) => [unit.name, unit.op]))];
  const near = nearest(pattern, names);
  const hint = near ? `Did you mean ${near}?` : '`bitloom inspect` lists the units.';
  return { kind: 'option', code: 'nothing-matches', message: `no unit matches ${pattern}`, place: { option }, hint };
}
