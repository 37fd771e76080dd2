import { DTYPES } from '../kernel/dtype.js';
import { sizeOf } from '../kernel/shape.js';
import type { Equation, Program, Term } from './program.js';
import { runOrder } from './run-order.js';

/** Bytes that a run of a program takes in ONNX Runtime, whose order of running decides what is held together. */
export interface ProgramBytes {
  /** Constants: held once, however many samples run. */
  readonly constants: number;
  /** Values that are held at the same time, at most. What kernels need beside their inputs and outputs is not counted. */
  readonly values: number;
}

export function programBytes(program: Program): ProgramBytes {
  const equations = runOrder(program);
  const last = lastReaders(equations, program.outputs);
  const constants = sumOf(
    [...program.constants].map(([name, { dtype, dims }]) => bytesOf({ name, dtype, shape: dims })),
  );
  let held = sumOf(program.inputs.map(bytesOf));
  let most = held;
  equations.forEach(({ inputs, outputs }, i) => {
    held += sumOf(outputs.filter(({ name }) => last.has(name)).map(bytesOf));
    most = Math.max(most, held);
    const done = new Map([...inputs, ...outputs].map((term) => [term.name, term]));
    for (const term of done.values())
      if (last.get(term.name) === i && !program.constants.has(term.name)) held -= bytesOf(term);
  });
  return { constants, values: most };
}

/** Term name -> position of the last equation that reads it; outputs are never done with. */
function lastReaders(equations: readonly Equation[], outputs: Program['outputs']): ReadonlyMap<string, number> {
  const last = new Map<string, number>();
  equations.forEach(({ inputs }, i) => {
    for (const { name } of inputs) last.set(name, i);
  });
  for (const { name } of outputs.values()) last.set(name, equations.length);
  return last;
}

function bytesOf({ dtype, shape }: Term): number {
  return (sizeOf(shape) * DTYPES[dtype].bits) / 8;
}

function sumOf(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total + size, 0);
}
