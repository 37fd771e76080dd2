import { type Errors, LAWS, type Law } from '../../test/autodiff/laws.js';
import { NONE, table } from '../markdown.js';

/** Uses of one thing, with the largest error that any of them had. */
export interface Measured {
  readonly count: number;
  readonly worst: Partial<Errors>;
}

export const DOUBLE_COLUMNS: readonly Law[] = [
  ...(['jvp', 'vjp', 'adjoint', 'linear'] as const),
  ...(['hvp', 'symmetric', 'hvp-linear', 'modes'] as const),
];
export const SINGLE_COLUMNS: readonly Law[] = ['adjoint', 'gauss-newton'];

export function joined(found: readonly Partial<Errors>[], count = found.length): Measured {
  const worst: { [L in Law]?: number } = {};
  for (const errors of found) {
    for (const law of [...DOUBLE_COLUMNS, 'gauss-newton', 'root'] as const) {
      const error = errors[law];
      if (error !== undefined) worst[law] = Math.max(error, worst[law] ?? 0);
    }
  }
  return { count, worst };
}

/** Rows in bold figures where a law is broken; the bounds stand in the first row. */
export function lawsTable(
  subject: string,
  rows: ReadonlyMap<string, Measured>,
  columns: readonly Law[],
  bounds: Readonly<Partial<Record<Law, number>>> = LAWS,
): string {
  const cell = (law: Law, error: number | undefined) => {
    if (error === undefined) return NONE;
    return error <= (bounds[law] ?? 0) ? printed(error) : `**${printed(error)}**`;
  };
  const allowed = ['allowed', '', ...columns.map((law) => printed(bounds[law] ?? 0))];
  const measured = [...rows].map(([name, { count, worst }]) => [
    name,
    String(count),
    ...columns.map((law) => cell(law, worst[law])),
  ]);
  return table([subject, 'uses', ...columns], [allowed, ...measured]);
}

function printed(error: number): string {
  return error === 0 ? '0' : error.toExponential(0);
}
