import { Builder } from '../autodiff/builder.js';
import { reshape } from '../autodiff/ops.js';
import { type Equation, isFloat, type Program, type Term } from '../autodiff/program.js';
import { readSample } from '../data/prepared.js';
import { BitloomError } from '../kernel/errors.js';
import type { WeightStore } from '../onnx/weight-store.js';
import { type Executor, jobBeside } from '../runtime/job.js';
import { type DerivedProgram, writeProgram } from './derived-programs.js';
import type { EstimateEvent, EstimateInput, EstimateTask } from './estimate-job.js';

const ESTIMATE_JOB = jobBeside<EstimateInput, void, EstimateEvent>('./estimate-job', import.meta.url);

/** Where a run gave what is not finite, and what it was given. */
export interface NonFiniteSite {
  readonly executor: Executor;
  readonly folder: string;
  readonly weights: WeightStore;
  readonly common: Omit<EstimateInput, 'programs' | 'tasks'>;
}

/** The error for a run that gave NaN or infinity: runs it again and looks where that comes from. */
export async function nonFiniteDerivative(
  { executor, folder, weights, common }: NonFiniteSite,
  derived: DerivedProgram,
  task: EstimateTask,
): Promise<BitloomError> {
  for (const what of ['NaN', 'Inf'] as const) {
    const watched = { ...derived, program: watching(derived.program, what) };
    const file = await writeProgram(watched, folder, `watched-${what}`, weights);
    let flags: readonly number[] = [];
    const input = { ...common, programs: [file], tasks: [{ ...task, program: 0 }] };
    await executor.run(ESTIMATE_JOB, input, { onEvent: ({ values }) => (flags = values) });
    const first = file.outputs[flags.findIndex((flag) => flag > 0)];
    const { id } = await readSample(common.set, task.samples[0]);
    if (first !== undefined) return found(what, originOf(derived.program, first), id);
  }
  return found('NaN', undefined, (await readSample(common.set, task.samples[0])).id);
}

function found(what: string, origin: string | undefined, sample: string): BitloomError {
  return new BitloomError({
    kind: 'model',
    code: 'non-finite-derivative',
    message: `a derivative is ${what}${origin === undefined ? '' : ', here first'}`,
    place: { sample, ...(origin !== undefined && { node: origin }) },
    hint: 'rank by what needs no derivative: --ranker kl',
  });
}

/** For each float that an equation makes, in order, a count of NaN or of infinities in it. */
function watching(program: Program, what: 'NaN' | 'Inf'): Program {
  const b = Builder.from(program);
  const made = program.equations.flatMap(({ outputs }) => outputs.filter(({ dtype }) => isFloat(dtype)));
  return b.finish(new Map(made.map((term) => [term.name, countOf(b, term, what)])));
}

function countOf(b: Builder, term: Term, what: 'NaN' | 'Inf'): Term {
  const is = {
    domain: '',
    attributes: new Map(),
    absent: [],
    outputs: [{ dtype: 'bool', shape: term.shape }],
  } as const;
  const flags = b.one('Cast', [b.one('Opaque', [term], { op: `Is${what}`, ...is })], { to: 'float32' });
  return reshape(b, b.one('ReduceSum', [flags], { axes: term.shape.map((_, axis) => axis) }), []);
}

function originOf({ equations }: Program, name: string): string | undefined {
  const makes = ({ outputs }: Equation) => outputs.some((output) => output.name === name);
  return equations.find(makes)?.origin;
}
