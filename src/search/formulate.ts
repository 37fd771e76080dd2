import { itemCost } from './cost-model.js';
import { type Column, type LinearProgram, type Row, sum } from './linear-program.js';
import type { Problem } from './problem.js';
import { wireGates } from './wire-gates.js';

/** A problem without its bound on damage as a mixed-integer program. */
export interface Formulation<F extends string> {
  readonly program: LinearProgram;
  /** The column that is 1 when an item has a format, for every item and format on its ladder. */
  readonly columns: ReadonlyMap<string, ReadonlyMap<F, number>>;
}

/** One binary column for each item and format on its ladder, of which exactly one is 1, and the circuit over them. */
export function formulate<F extends string>(problem: Problem<F>): Formulation<F> {
  const chosen: Column[] = [];
  const one: Row[] = [];
  const columns = new Map<string, ReadonlyMap<F, number>>();
  for (const item of problem.cost.items) {
    const at = new Map<F, number>();
    for (const format of problem.ladder(item.name)) {
      at.set(format, chosen.push({ cost: itemCost(item, format), lower: 0, upper: 1, integer: true }) - 1);
    }
    columns.set(item.name, at);
    one.push({ entries: new Map([...at.values()].map((column) => [column, 1])), lower: 1, upper: 1 });
  }
  const circuit = wireGates(problem.cost.gates, columns, chosen.length);
  const terms = sum(problem.cost.terms.map(({ gate, cost }) => [cost, circuit.gates[gate]] as const));
  const all = [...chosen, ...circuit.columns].map((column, at) => ({
    ...column,
    cost: column.cost + (terms.entries.get(at) ?? 0),
  }));
  const offset = problem.cost.base + terms.constant;
  return { program: { offset, columns: all, rows: [...one, ...circuit.rows] }, columns };
}
