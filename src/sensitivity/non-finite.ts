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
  const { program } = derived;
  const file = await writeProgram({ ...derived, program: watching(program) }, folder, 'watched', weights);
  let counts: readonly number[] = [];
  const input = { ...common, programs: [file], tasks: [{ ...task, program: 0 }] };
  await executor.run(ESTIMATE_JOB, input, { onEvent: ({ values }) => (counts = values) });
  const seen = new Set(file.outputs.filter((_, i) => counts[i] > 0));
  const { id } = await readSample(common.set, task.samples[0]);
  return found(beginning(program, seen), id);
}

type Kind = 'NaN' | 'Inf';

interface Beginning {
  readonly what: string;
  readonly origin: string | undefined;
}

/**
 * Where what is not finite begins. Infinity by itself may be meant, as in a mask; so NaN is looked for first, and then the
 * infinity that it came from.
 */
function beginning({ equations }: Program, seen: ReadonlySet<string>): Beginning {
  const is = (kind: Kind) => (terms: readonly Term[]) => terms.some(({ name }) => seen.has(flagOf(kind, name)));
  const firstNaN = equations.find(({ outputs }) => is('NaN')(outputs));
  if (!firstNaN) return { what: 'infinite', origin: equations.find(({ outputs }) => is('Inf')(outputs))?.origin };
  let source = firstNaN;
  for (let next: Equation | undefined = firstNaN; next; ) {
    source = next;
    const infinite = new Set(source.inputs.filter((term) => is('Inf')([term])).map(({ name }) => name));
    next = equations.find(({ outputs }) => outputs.some(({ name }) => infinite.has(name)));
  }
  return { what: source === firstNaN ? 'NaN' : 'infinite', origin: source.origin };
}

function found({ what, origin }: Beginning, sample: string): BitloomError {
  return new BitloomError({
    kind: 'model',
    code: 'non-finite-derivative',
    message: `a derivative is ${what}${origin === undefined ? '' : ', here first'}`,
    place: { sample, ...(origin !== undefined && { node: origin }) },
    hint: 'rank by what needs no derivative: --ranker kl',
  });
}

const flagOf = (kind: Kind, term: string) => `${kind} in ${term}`;

/** For each float that an equation makes, counts of NaN and of infinities in it. */
function watching(program: Program): Program {
  const b = Builder.from(program);
  const made = program.equations.flatMap(({ outputs }) => outputs.filter(({ dtype }) => isFloat(dtype)));
  const counts = made.flatMap((term) =>
    (['NaN', 'Inf'] as const).map((kind) => [flagOf(kind, term.name), countOf(b, term, kind)] as const),
  );
  return b.finish(new Map(counts));
}

function countOf(b: Builder, term: Term, what: Kind): Term {
  const is = {
    domain: '',
    attributes: new Map(),
    absent: [],
    outputs: [{ dtype: 'bool', shape: term.shape }],
  } as const;
  const flags = b.one('Cast', [b.one('Opaque', [term], { op: `Is${what}`, ...is })], { to: 'float32' });
  return reshape(b, b.one('ReduceSum', [flags], { axes: term.shape.map((_, axis) => axis) }), []);
}
