import { readProgram } from '../../src/autodiff/read-program.js';
import { toModel } from '../../src/autodiff/write/to-model.js';
import type { AttributeInput } from '../../src/graph/attributes.js';
import { buildModel, value } from '../../src/graph/build.js';
import type { Model } from '../../src/graph/model.js';
import type { Feeds } from '../../src/graph/observe.js';
import { encodeModel } from '../../src/graph/to-onnx.js';
import { isDense, type Tensor } from '../../src/kernel/tensor.js';
import { noise } from './prove-equal.js';
import { difference, runGraph, runModel } from './run-model.js';

/** Sizes of a float input with random numbers, a constant, or '' for an input that is left out. */
export type Operand = readonly number[] | Tensor | '';

/** A model of one operator: `x0`, `x1`... -> `y`, `y1`.... */
export function oneNode(
  op: string,
  operands: readonly Operand[],
  attributes: Readonly<Record<string, AttributeInput>> = {},
  outputs: readonly string[] = ['y'],
): { readonly model: Model; readonly feeds: Feeds } {
  const fed = operands.flatMap((operand, i) => (isSizes(operand) ? [[`x${i}`, noise(operand, i + 1)] as const] : []));
  const model = buildModel(
    {
      inputs: fed.map(([name, { dims }]) => value(name, 'float32', dims)),
      outputs: outputs.map((name) => ({ name })),
    },
    (edit) => {
      const inputs = operands.map((operand, i) => {
        if (operand === '') return '';
        return isSizes(operand) ? `x${i}` : edit.constant(`c${i}`, operand);
      });
      edit.add({ op, name: 'node', inputs, outputs, attributes });
    },
  );
  return { model, feeds: Object.fromEntries(fed) };
}

function isSizes(operand: Operand): operand is readonly number[] {
  return Array.isArray(operand);
}

export interface ReadBack {
  /** Operators that were carried along without a reading. */
  readonly carried: readonly string[];
  /** See `difference`: between the model and what is written of its program. */
  readonly apart: number;
}

/** Reads a model into primitives, writes these as a model, and runs both. */
export async function readBack(model: Model, feeds: Feeds): Promise<ReadBack> {
  const program = await readProgram(model, { feeds, run: runModel });
  const carried = program.equations.flatMap((equation) => (equation.op === 'Opaque' ? [equation.params.op] : []));
  const used = Object.fromEntries(program.inputs.map(({ name }) => [name, feeds[name]]));
  const before = await runGraph(model, feeds);
  const after = await runModel(encodeModel(toModel(program)), used);
  return { carried, apart: difference(numbers(before), numbers(after)) };
}

function numbers(tensors: Feeds): Feeds {
  return Object.fromEntries(Object.entries(tensors).filter(([, tensor]) => isDense(tensor)));
}
