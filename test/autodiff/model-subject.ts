import { assertDifferentiable, independentOf } from '../../src/autodiff/paths.js';
import { isFloat, type Program } from '../../src/autodiff/program.js';
import { readProgram } from '../../src/autodiff/read-program.js';
import type { Model } from '../../src/graph/model.js';
import type { TensorMap } from '../../src/runtime/session.js';
import { doubled } from '../support/double.js';
import { runModel } from '../support/run-model.js';
import { constantsAsInputs, inDouble, type Subject } from './subject.js';

/**
 * The derivatives of a model's float outputs by its float inputs and weights, at these inputs. Throws where the model
 * cannot be read, has no rule on the way, or has no float output that depends on a float.
 */
export async function modelSubject(model: Model, feeds: TensorMap, precision: 'float64' | 'own'): Promise<Subject> {
  const read = await readProgram(model, { feeds, run: runModel });
  const of = [...read.outputs].filter(([, { dtype }]) => isFloat(dtype)).map(([name]) => name);
  const wrt = movable(read).filter((name) => of.some((output) => independentOf(read, [name], output).length === 0));
  for (const output of of) assertDifferentiable(read, wrt, output);
  if (wrt.length === 0) throw new RangeError('no float output depends on a float');
  const weights = wrt.filter((name) => read.constants.has(read.values.get(name)?.name ?? ''));
  const { program, values } = constantsAsInputs(read, weights);
  const point = { ...feeds, ...values };
  return precision === 'own'
    ? { program, wrt, of, point }
    : { program: inDouble(program), wrt, of, point: wide(point) };
}

/** Names of float inputs and weights; one that several names share stands once. */
function movable({ inputs, constants, values }: Program): readonly string[] {
  const floats = inputs.filter(({ dtype }) => isFloat(dtype)).map(({ name }) => name);
  const weights = [...values].filter(([, term]) => constants.has(term.name) && isFloat(term.dtype));
  const terms = new Map(weights.map(([name, term]) => [term.name, name]));
  return [...floats, ...terms.values()];
}

function wide(point: TensorMap): TensorMap {
  return Object.fromEntries(Object.entries(point).map(([name, value]) => [name, doubled(value)]));
}
