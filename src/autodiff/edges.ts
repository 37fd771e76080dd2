import type { Equation, Program, Term } from './program.js';

/** A value as one node reads it. */
export interface Edge {
  /** The name under which it can be differentiated by. */
  readonly name: string;
  readonly node: string;
  readonly value: string;
}

/**
 * The program in which each edge is a value of its own name: a derivative by it moves what this node reads, and not
 * what others read of the same value. Edges of nodes or values that the program does not have are left out.
 */
export function withEdges(program: Program, edges: readonly Edge[]): Program {
  return edges.reduce(withEdge, program);
}

function withEdge(program: Program, { name, node, value }: Edge): Program {
  const term = program.values.get(value);
  const first = program.equations.findIndex(({ origin, inputs }) => origin === node && reads(inputs, term));
  if (!term || first < 0) return program;
  const copy: Term = { ...term, name };
  const equation: Equation = { op: 'Copy', params: { name }, inputs: [term], outputs: [copy], origin: node };
  const redirected = program.equations.map((each) => (each.origin === node ? reading(each, term, copy) : each));
  return {
    ...program,
    equations: redirected.toSpliced(first, 0, equation),
    values: new Map(program.values).set(name, copy),
  };
}

function reads(inputs: readonly Term[], term: Term | undefined): boolean {
  return inputs.some((input) => input.name === term?.name);
}

function reading(equation: Equation, from: Term, to: Term): Equation {
  if (!reads(equation.inputs, from)) return equation;
  return { ...equation, inputs: equation.inputs.map((input) => (input.name === from.name ? to : input)) };
}
