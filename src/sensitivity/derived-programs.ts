import { join } from 'node:path';
import { type Edge, withEdges } from '../autodiff/edges.js';
import { withLoss } from '../autodiff/losses.js';
import { assertDifferentiable } from '../autodiff/paths.js';
import { programBytes } from '../autodiff/peak-bytes.js';
import type { Program } from '../autodiff/program.js';
import { readProgram } from '../autodiff/read-program.js';
import { toModel } from '../autodiff/write/to-model.js';
import type { Sample } from '../data/dataset.js';
import type { OutputKinds } from '../data/metric.js';
import type { Model } from '../graph/model.js';
import type { RunModel } from '../graph/observe.js';
import { saveModel } from '../graph/to-onnx.js';
import { BitloomError } from '../kernel/errors.js';
import type { WeightStore } from '../onnx/weight-store.js';
import { joinTensors } from '../runtime/join.js';
import type { Estimator, ProgramFile } from './estimator.js';
import { layoutsOf, lossOf, type OutputLayout } from './loss-of-outputs.js';

/** A model, and what is asked of it. */
export interface Subject {
  readonly model: Model;
  readonly kinds: OutputKinds;
  /** What units read, each a value of its own. */
  readonly edges: readonly Edge[];
  /** Weights and edges to differentiate by. */
  readonly wrt: readonly string[];
  readonly run: RunModel;
}

/** A derived program for samples of one shape. */
export interface DerivedProgram {
  readonly program: Program;
  readonly batch: number;
  readonly layouts: readonly OutputLayout[];
}

/**
 * The estimator's program for `batch` samples of a sample's shape, or fewer where the model does not take so many: one of
 * fixed batch, or one whose outputs do not carry it.
 */
export async function deriveFor(
  subject: Subject,
  estimator: Estimator,
  sample: Sample,
  batch: number,
): Promise<DerivedProgram> {
  const base = await baseProgram(subject, sample, batch);
  const loss = lossOf(subject.kinds);
  const layouts = base && layoutsOf(base, loss, subject.kinds, batch);
  if (!base || !layouts) return deriveFor(subject, estimator, sample, 1);
  return { program: estimator.derive(base), batch, layouts };
}

/** The model with edges and loss; undefined where it cannot be read for several samples at once. */
async function baseProgram(subject: Subject, sample: Sample, batch: number): Promise<Program | undefined> {
  const { model, edges, wrt, kinds, run } = subject;
  const feeds = Object.fromEntries(
    Object.entries(sample.inputs).map(([name, value]) => [name, joinTensors(new Array(batch).fill(value))]),
  );
  try {
    const program = withLoss(withEdges(await readProgram(model, { feeds, run }), edges), lossOf(kinds));
    assertPaths(program, wrt);
    return program;
  } catch (error) {
    if (batch > 1 && !(error instanceof BitloomError && error.code === 'not-differentiable')) return undefined;
    throw error;
  }
}

/** Rankers that only run the model remain where there is no derivative. */
function assertPaths(program: Program, wrt: readonly string[]): void {
  try {
    assertDifferentiable(program, wrt, 'loss');
  } catch (cause) {
    if (!(cause instanceof BitloomError)) throw cause;
    const hint = 'rank by what needs no derivative: --ranker kl';
    throw new BitloomError(
      cause.problems.map((problem) => ({ ...problem, hint })),
      { cause },
    );
  }
}

/** Samples of this shape whose values fit into `bytes` beside the constants; 1 at least. */
export function fittingBatch({ program, batch }: DerivedProgram, bytes: number): number {
  const { constants, values } = programBytes(program);
  const most = Math.max(1, Math.floor((bytes - constants) / (values / batch)));
  return 2 ** Math.floor(Math.log2(most));
}

export async function writeProgram(
  { program, batch, layouts }: DerivedProgram,
  folder: string,
  name: string,
  weights: WeightStore,
): Promise<ProgramFile> {
  const file = join(folder, `${name}.onnx`);
  await saveModel(toModel(program, { name }), file, { weights });
  const inputs = program.inputs.flatMap(({ name: input, dtype, shape }) =>
    dtype === 'string' ? [] : [{ name: input, dtype, shape }],
  );
  return { file, batch, inputs, outputs: [...program.outputs.keys()], layouts };
}
