import { Builder } from '../../src/autodiff/builder.js';
import { pushForward } from '../../src/autodiff/forward-mode.js';
import { add, mul, reshape, scale, sum, zeros } from '../../src/autodiff/ops.js';
import type { Equation, Program, Term } from '../../src/autodiff/program.js';
import type { DType } from '../../src/kernel/dtype.js';
import type { TensorMap } from '../../src/runtime/session.js';
import { doubled } from '../support/double.js';
import { largest, moved, normal } from './directions.js';

/** What laws are asked of: derivatives of some outputs of a program by some of its inputs, at a point. */
export interface Subject {
  readonly program: Program;
  /** Inputs that move. */
  readonly wrt: readonly string[];
  readonly of: readonly string[];
  /** A value of every input. */
  readonly point: TensorMap;
  /** The derivative is known not to be 0 here: laws that hold of nothing are then an error. */
  readonly live?: true;
}

export const weightOf = (output: string) => `weight of ${output}`;

/** The program with an output `loss`, the sum of <weight, output>: its Hessian is the second derivative of them all. */
export function withFunctional(program: Program, of: readonly string[]): Program {
  const b = Builder.from(program);
  const parts = of.map((name) => {
    const y = termOf(program, name);
    return reshape(b, sum(b, mul(b, y, b.input(weightOf(name), y))), []);
  });
  const loss = parts.reduce((total, part) => add(b, total, part));
  return b.finish(new Map([...program.outputs, ['loss', loss]]));
}

export function termOf(program: Program, name: string): Term {
  const term = program.outputs.get(name) ?? program.values.get(name);
  if (!term) throw new RangeError(`no value ${name}`);
  return term;
}

/** The subject's derivative along a direction that moves too. */
export function derived({ program, wrt, of: [y], point }: Subject): Subject {
  const b = Builder.from(program);
  const along = wrt.map((name) => b.input(`along ${name}`, termOf(program, name)));
  for (const term of along) b.setValue(term.name, term);
  const tangents = pushForward(b, new Map(wrt.map((name, i) => [name, along[i]])));
  const slope = tangents.get(termOf(program, y).name) ?? zeros(b, termOf(program, y));
  const derivative = b.finish(new Map([['slope', slope]]));
  return {
    program: derivative,
    wrt: derivative.inputs.map(({ name }) => name),
    of: ['slope'],
    point: { ...point, ...normal(along, 17) },
  };
}

/** At another point than the subject's own, whose output is a loss's reference: there the gradient is 0. */
export function elsewhere(subject: Subject): Subject {
  const space = subject.wrt.map((name) => ({ ...termOf(subject.program, name), name }));
  return { ...subject, point: moved(subject.point, normal(space, 6), 0.3) };
}

/** The program with these constants as inputs; gives their values too. */
export function constantsAsInputs(
  program: Program,
  names: readonly string[],
): { readonly program: Program; readonly values: TensorMap } {
  const terms = names.map((name) => termOf(program, name));
  const freed = new Set(terms.map(({ name }) => name));
  const values = [...program.constants].filter(([name]) => freed.has(name));
  const constants = new Map([...program.constants].filter(([name]) => !freed.has(name)));
  return {
    program: { ...program, inputs: [...program.inputs, ...terms], constants },
    values: Object.fromEntries(values),
  };
}

/** The program in float64, before anything is derived from it: constants that rules write are then exact. */
export function inDouble(program: Program): Program {
  return {
    inputs: program.inputs.map(wideTerm),
    outputs: new Map([...program.outputs].map(([name, term]) => [name, wideTerm(term)])),
    constants: new Map([...program.constants].map(([name, value]) => [name, doubled(value)])),
    equations: program.equations.map(wideEquation),
    values: new Map([...program.values].map(([name, term]) => [name, wideTerm(term)])),
  };
}

function wideEquation(equation: Equation): Equation {
  const wide = { ...equation, inputs: equation.inputs.map(wideTerm), outputs: equation.outputs.map(wideTerm) };
  return wide.op === 'Cast' ? { ...wide, params: { to: wideType(wide.params.to) } } : wide;
}

function wideTerm(term: Term): Term {
  return { ...term, dtype: wideType(term.dtype) };
}

function wideType(dtype: DType): DType {
  return dtype === 'float32' || dtype === 'float16' || dtype === 'bfloat16' ? 'float64' : dtype;
}

/**
 * The subject whose only output `scores` is what goes into the Softmax that the first output comes from, divided by
 * its largest magnitude: where one class has all the probability every derivative is 0, and laws say nothing.
 */
export async function withCalmScores(
  subject: Subject,
  run: (program: Program) => Promise<TensorMap>,
): Promise<Subject> {
  const b = Builder.from(subject.program);
  const output = termOf(subject.program, subject.of[0]);
  const last = b.producer(output);
  const scores = last?.op === 'Softmax' ? last.inputs[0] : output;
  const plain = b.finish(new Map([['scores', scores]]));
  const size = largest(await run(plain));
  const program = b.finish(new Map([['scores', scale(b, scores, 1 / size)]]));
  return { ...subject, program, of: ['scores'] };
}

const BRANCHES: ReadonlySet<string> = new Set(['Sign', 'Greater', 'Equal']);

/**
 * The program with outputs that tell on which side of every kink the point lies: signs, comparisons, and the places of
 * maxima. Between two points where all are equal the program is smooth.
 */
export function withBranches(program: Program): Program {
  const signs = program.equations.filter(({ op }) => BRANCHES.has(op)).map(({ outputs }) => outputs[0]);
  const places = program.equations.filter(({ op }) => op === 'MaxPool').map(({ outputs }) => outputs[1]);
  const branches = [...signs, ...places].map((term, i): [string, Term] => [`branch ${i}`, term]);
  return { ...program, outputs: new Map([...program.outputs, ...branches]) };
}
