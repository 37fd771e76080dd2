/** A boolean function of unit formats; `formats` are those in which `is` holds. Others refer to earlier gates. */
export type Gate<F extends string> =
  | { readonly is: string; readonly formats: readonly F[] }
  | { readonly and: readonly number[] }
  | { readonly or: readonly number[] }
  | { readonly not: number };

/** What conditions can be made of: truth values, or gates that give one for each choice of formats. */
export interface Logic<S> {
  readonly yes: S;
  readonly no: S;
  all(signals: readonly S[]): S;
  any(signals: readonly S[]): S;
  not(signal: S): S;
}

export const BOOLEAN: Logic<boolean> = {
  yes: true,
  no: false,
  all: (signals) => signals.every(Boolean),
  any: (signals) => signals.some(Boolean),
  not: (signal) => !signal,
};

/** A gate's number, or what is so whatever the formats. */
export type Signal = number | boolean;

export interface Circuitry<F extends string> extends Logic<Signal> {
  /** Whether this item is in one of these formats. */
  is(item: string, formats: readonly F[]): Signal;
  readonly gates: readonly Gate<F>[];
}

/** Collects gates; equal ones are one, and what does not depend on formats becomes no gate. */
export function circuitry<F extends string>(ladders: ReadonlyMap<string, readonly F[]>): Circuitry<F> {
  const gates: Gate<F>[] = [];
  const known = new Map<string, number>();
  const add = (gate: Gate<F>): number => {
    const key = JSON.stringify(gate);
    const number = known.get(key) ?? gates.push(gate) - 1;
    known.set(key, number);
    return number;
  };
  const is = (item: string, formats: readonly F[]): Signal => {
    const ladder = ladders.get(item) ?? [];
    const possible = ladder.filter((format) => formats.includes(format));
    if (possible.length === 0) return false;
    return possible.length === ladder.length || add({ is: item, formats: possible });
  };
  const not = (signal: Signal): Signal => {
    if (typeof signal === 'boolean') return !signal;
    const gate = gates[signal];
    if ('not' in gate) return gate.not;
    if (!('is' in gate)) return add({ not: signal });
    return is(gate.is, ladders.get(gate.is)?.filter((format) => !gate.formats.includes(format)) ?? []);
  };
  return {
    gates,
    yes: true,
    no: false,
    is,
    not,
    all: (signals) => combined(signals, true, (and) => add({ and })),
    any: (signals) => combined(signals, false, (or) => add({ or })),
  };
}

/** `neutral` changes nothing, its opposite decides. */
function combined(signals: readonly Signal[], neutral: boolean, add: (gates: readonly number[]) => number): Signal {
  if (signals.includes(!neutral)) return !neutral;
  const gates = [...new Set(signals.filter((signal) => typeof signal === 'number'))].sort((a, b) => a - b);
  if (gates.length === 0) return neutral;
  return gates.length === 1 ? gates[0] : add(gates);
}

/** Truth of every gate for a choice of formats. */
export function gateValues<F extends string>(
  gates: readonly Gate<F>[],
  formats: Readonly<Record<string, F>>,
): readonly boolean[] {
  const values: boolean[] = [];
  for (const gate of gates) values.push(gateValue(gate, formats, values));
  return values;
}

function gateValue<F extends string>(
  gate: Gate<F>,
  formats: Readonly<Record<string, F>>,
  values: readonly boolean[],
): boolean {
  if ('is' in gate) return gate.formats.includes(formats[gate.is]);
  if ('and' in gate) return gate.and.every((input) => values[input]);
  if ('or' in gate) return gate.or.some((input) => values[input]);
  return !values[gate.not];
}
