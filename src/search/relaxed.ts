import { supported } from './constrain.js';
import type { Share, Support } from './damage-model.js';
import type { Formulation } from './formulate.js';
import { type Limits, solveProgram } from './highs.js';
import type { LinearProgram } from './linear-program.js';
import type { Problem } from './problem.js';

/** Supports that are tried: each takes one linear program, a few milliseconds. */
const ROUNDS = 40;
/** A linear program has no nodes, and never takes so long. */
const LIMITS: Limits = { nodes: 0, seconds: 60 };
/** Above the bound by less than this part of it is met. */
const NEAR = 1e-4;
/** A support whose row is this near to its limit holds the relaxation in its place; the others are dropped. */
const BINDING = 1e-3;

/**
 * The program with those supports of a convex damage that bound its relaxation, in which items may be in shares of formats
 * (Kelley, "The cutting-plane method for solving convex programs", 1960): whole formats are then cut off where no
 * shares could reach. The program as it is where damage has no supports at shares, as damage that adds needs none.
 *
 * @returns Nothing when not even shares have so little damage.
 */
export async function relaxed<F extends string>(
  { damage }: Problem<F>,
  formulation: Formulation<F>,
  atMost: number,
): Promise<LinearProgram | undefined> {
  const { program } = formulation;
  if (!damage.supportAt || atMost === Number.POSITIVE_INFINITY) return program;
  const supports: Support<F>[] = [];
  let shares: Share<F> = () => 0;
  let open = continuous(program);
  for (let round = 0; round < ROUNDS; round++) {
    const solved = await solveProgram(open, LIMITS);
    if (solved.status === 'infeasible') return undefined;
    if (!solved.values) break;
    shares = shareOf(formulation, solved.values);
    const support = damage.supportAt(shares);
    if (worth(support, formulation, shares) <= atMost + NEAR * Math.abs(atMost)) break;
    supports.push(support);
    open = supported(open, formulation, support, atMost);
  }
  const binding = supports.filter(
    (support) => worth(support, formulation, shares) > atMost - BINDING * Math.abs(atMost),
  );
  return binding.reduce((all, support) => supported(all, formulation, support, atMost), program);
}

function continuous({ offset, columns, rows }: LinearProgram): LinearProgram {
  return { offset, rows, columns: columns.map((column) => ({ ...column, integer: false })) };
}

function shareOf<F extends string>({ columns }: Formulation<F>, values: Float64Array): Share<F> {
  return (item, format) => {
    const column = columns.get(item)?.get(format);
    return column === undefined ? 0 : values[column];
  };
}

/** What a support says of shares: at those that it was made at, the damage itself. */
function worth<F extends string>(
  { constant, slope }: Support<F>,
  { columns }: Formulation<F>,
  shares: Share<F>,
): number {
  let total = constant;
  for (const [item, formats] of columns)
    for (const format of formats.keys()) total += slope(item, format) * shares(item, format);
  return total;
}
