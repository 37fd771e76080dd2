import type { Gate } from './cost-model.js';
import { atMostZero, type Column, constant, type Linear, type Row, sum, variable } from './linear-program.js';

/** A circuit in a linear program: what each gate is worth, and the columns and rows that this takes. */
export interface WiredGates {
  readonly gates: readonly Linear[];
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
}

const ZERO = constant(0);
const ONE = constant(1);

/**
 * Ties each gate to its inputs from both sides, since a gate's cost may be negative: an `and` is at most each input and at
 * least their sum less all but one, an `or` is an `and` of negations, negated (Williams, "Model Building in Mathematical
 * Programming", chapter 9). Where the inputs are 0 or 1 so is the gate; its column is declared whole all the same, since the
 * solver then finds its cuts and ends in half the time (docs/adr/0110). A gate that is constant, a copy or a negation takes
 * no column.
 *
 * @param chosen The column that is 1 when an item has a format.
 * @param first The number of the first new column.
 */
export function wireGates<F extends string>(
  gates: readonly Gate<F>[],
  chosen: ReadonlyMap<string, ReadonlyMap<F, number>>,
  first: number,
): WiredGates {
  const columns: Column[] = [];
  const rows: Row[] = [];
  const known = new Map<string, Linear>();
  const all = (inputs: readonly Linear[]): Linear => {
    const open = distinct(inputs.filter((input) => !same(input, ONE)));
    if (open.some((input) => same(input, ZERO))) return ZERO;
    if (open.length <= 1) return open[0] ?? ONE;
    const key = open.map(textOf).sort().join(' & ');
    const made = known.get(key) ?? variable(first + columns.push({ cost: 0, lower: 0, upper: 1, integer: true }) - 1);
    if (!known.has(key)) rows.push(...allRows(made, open));
    known.set(key, made);
    return made;
  };
  const worth: Linear[] = [];
  for (const gate of gates) {
    if ('is' in gate) worth.push(isOneOf(gate.formats, chosen.get(gate.is) ?? new Map()));
    else if ('and' in gate) worth.push(all(gate.and.map((input) => worth[input])));
    else if ('or' in gate) worth.push(negation(all(gate.or.map((input) => negation(worth[input])))));
    else worth.push(negation(worth[gate.not]));
  }
  return { gates: worth, columns, rows };
}

function isOneOf<F extends string>(formats: readonly F[], columns: ReadonlyMap<F, number>): Linear {
  const wanted = [...columns].filter(([format]) => formats.includes(format));
  if (wanted.length === columns.size && wanted.length > 0) return ONE;
  return sum(wanted.map(([, column]) => [1, variable(column)] as const));
}

function negation(linear: Linear): Linear {
  return sum([
    [1, ONE],
    [-1, linear],
  ]);
}

function allRows(gate: Linear, inputs: readonly Linear[]): readonly Row[] {
  const least = sum([...inputs.map((input) => [1, input] as const), [-1, gate], [1 - inputs.length, ONE]]);
  return [
    ...inputs.map((input) =>
      atMostZero(
        sum([
          [1, gate],
          [-1, input],
        ]),
      ),
    ),
    atMostZero(least),
  ];
}

function distinct(inputs: readonly Linear[]): readonly Linear[] {
  return [...new Map(inputs.map((input) => [textOf(input), input])).values()];
}

function same(a: Linear, b: Linear): boolean {
  return textOf(a) === textOf(b);
}

function textOf({ constant: value, entries }: Linear): string {
  const terms = [...entries].sort(([a], [b]) => a - b).map(([column, factor]) => `${factor}c${column}`);
  return [value, ...terms].join(' + ');
}
