import { createRequire } from 'node:module';
import type highs from 'highs';
import type { Highs, Model, ModelData, VariableType } from 'highs';
import { BitloomError } from '../kernel/errors.js';
import type { LinearProgram } from './linear-program.js';

/** The package's types describe its CommonJS build only, so that one is loaded. */
const loadHighs: typeof highs.default = createRequire(import.meta.url)('highs');

/** When the solver gives up on a proof. Nodes make it give up at the same point everywhere; seconds are there for the worst. */
export interface Limits {
  readonly nodes: number;
  readonly seconds: number;
}

export type Solved =
  | { readonly status: 'infeasible' }
  /** `values`: one a column, missing when the limit came before any solution; `bound`: no solution has a smaller objective (with whole columns). */
  | { readonly status: 'optimal' | 'limit'; readonly bound: number; readonly values?: Float64Array };

/** Absolute, on rows whose largest coefficient is near 1; the smallest that leaves room above rounding. */
const FEASIBILITY = 1e-9;

/** Gaps of 0: the search steps from plan to plan, so that the best must not be mistaken for the second best. */
const OPTIONS = {
  output_flag: false,
  random_seed: 0,
  mip_allow_restart: false,
  mip_rel_gap: 0,
  mip_abs_gap: 1e-9,
  mip_feasibility_tolerance: FEASIBILITY,
  primal_feasibility_tolerance: FEASIBILITY,
} as const;

/** Solves a program by HiGHS in WebAssembly, on one thread: the same program has the same solution each time. */
export async function solveProgram(program: LinearProgram, limits: Limits): Promise<Solved> {
  const solver = await loaded();
  const largest = Math.max(...program.columns.map(({ cost }) => Math.abs(cost)));
  const unit = largest > 0 ? largest : 1;
  return solver.withModel(dataOf(program, unit, solver), (model) => {
    model.options.set({
      ...OPTIONS,
      time_limit: limits.seconds,
      mip_max_nodes: limits.nodes,
    });
    model.run();
    return solvedOf(model, unit, solver);
  });
}

let loading: Promise<Highs> | undefined;

function loaded(): Promise<Highs> {
  loading ??= loadHighs();
  return loading;
}

function solvedOf(model: Model, unit: number, solver: Highs): Solved {
  const { modelStatus, solutionStatus } = solver.constants;
  const status = model.getModelStatus();
  const limited = status === modelStatus.timeLimit || status === modelStatus.solutionLimit;
  if (status === modelStatus.infeasible) return { status: 'infeasible' };
  if (status !== modelStatus.optimal && !limited) throw unexpected(status);
  const bound = unit * Number(model.info.get('mip_dual_bound'));
  const found = model.info.get('primal_solution_status') === solutionStatus.feasible;
  const values = found ? { values: model.getSolution().colValue } : {};
  return { status: limited ? 'limit' : 'optimal', bound, ...values };
}

function unexpected(status: number): BitloomError {
  return new BitloomError({ kind: 'internal', code: 'solver-failed', message: `HiGHS ended with status ${status}` });
}

/** Costs in units of the largest: the solver's tolerances are absolute. */
function dataOf({ offset, columns, rows }: LinearProgram, unit: number, solver: Highs): ModelData {
  const starts = [0];
  const indices: number[] = [];
  const values: number[] = [];
  for (const { entries } of rows) {
    for (const [column, value] of entries) {
      indices.push(column);
      values.push(value);
    }
    starts.push(indices.length);
  }
  const { integer, continuous } = solver.constants.variableType;
  const types: VariableType[] = columns.map((column) => (column.integer ? integer : continuous));
  return {
    numCols: columns.length,
    numRows: rows.length,
    offset: offset / unit,
    colCost: columns.map(({ cost }) => cost / unit),
    colLower: columns.map(({ lower }) => lower),
    colUpper: columns.map(({ upper }) => upper),
    rowLower: rows.map(({ lower }) => lower ?? -solver.infinity),
    rowUpper: rows.map(({ upper }) => upper ?? solver.infinity),
    matrix: { format: 'csr', numRows: rows.length, numCols: columns.length, starts, indices, values },
    integrality: types,
  };
}
