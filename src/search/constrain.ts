import type { Support } from './damage-model.js';
import type { Formulation } from './formulate.js';
import type { LinearProgram } from './linear-program.js';
import type { Assignment } from './space.js';

/** Relative room for rounding in the sums below; who uses the solution asks the damage model itself. */
const ROOM = 1e-9;

/**
 * The program with a support of the damage kept at or below `atMost`. The least slope of each item goes to the right-hand
 * side and what is left there scales the row, so that the solver's absolute tolerance is relative to the bound, however
 * small that is. A format that would break the row by itself is ruled out by its column.
 */
export function supported<F extends string>(
  program: LinearProgram,
  { columns }: Formulation<F>,
  { constant, slope }: Support<F>,
  atMost: number,
): LinearProgram {
  if (atMost === Number.POSITIVE_INFINITY) return program;
  let left = atMost - constant;
  let magnitude = Math.abs(atMost) + Math.abs(constant);
  const above = new Map<number, number>();
  for (const [item, at] of columns) {
    const least = Math.min(...[...at.keys()].map((format) => slope(item, format)));
    left -= least;
    magnitude += Math.abs(least);
    for (const [format, column] of at) above.set(column, slope(item, format) - least);
  }
  return capped(program, above, left + ROOM * magnitude);
}

/** The program with the sum of value * column, none of them negative, at most `limit`. */
function capped({ offset, columns, rows }: LinearProgram, values: ReadonlyMap<number, number>, limit: number) {
  const ruledOut = (column: number) => (values.get(column) ?? Number.NEGATIVE_INFINITY) > limit;
  const open = columns.map((column, at) => (ruledOut(at) ? { ...column, upper: 0 } : column));
  const scaled = [...values].filter(([, value]) => value > 0 && value <= limit);
  const entries = new Map(scaled.map(([column, value]) => [column, value / limit]));
  return { offset, columns: open, rows: [...rows, { entries, upper: 1 }] };
}

/** The program without one assignment. */
export function excluded<F extends string>(
  program: LinearProgram,
  { columns }: Formulation<F>,
  assignment: Assignment<F>,
): LinearProgram {
  const entries = new Map<number, number>();
  for (const [item, format] of assignment) {
    const column = columns.get(item)?.get(format);
    if (column !== undefined) entries.set(column, 1);
  }
  return { ...program, rows: [...program.rows, { entries, upper: columns.size - 1 }] };
}
