import { buildModel, value } from '../../graph/build.js';
import type { GraphEdit } from '../../graph/edit.js';
import type { Model } from '../../graph/model.js';
import type { Primitive } from '../primitives.js';
import type { Equation, Program, Term } from '../program.js';
import { lastMadeFirst } from '../run-order.js';
import { type FormChoice, inFastForms } from './forms.js';
import { nodeWriter } from './node-writer.js';
import type { WriteRule } from './rule.js';
import { WRITE } from './table.js';

const OPSET = 21;

export interface WriteOptions {
  /** The model's name. */
  readonly name?: string;
  /** Forms that are taken wherever they can say what is asked, in place of the fastest. */
  readonly forms?: FormChoice;
}

/**
 * The program as an ONNX model (opset 21), in the forms that ONNX Runtime's CPU kernels run fastest. Its inputs and
 * outputs have the program's names; constants become initializers and share their bytes.
 */
export function toModel(program: Program, { name = 'program', forms = {} }: WriteOptions = {}): Model {
  const fast = inFastForms(program, forms);
  const outputs = [...fast.outputs].map(([output, { dtype, shape }]) => value(output, dtype, shape));
  const inputs = fast.inputs.map((input) => value(input.name, input.dtype, input.shape));
  return buildModel({ name, inputs, outputs, opset: OPSET, domains: domainsOf(fast) }, (edit) => write(edit, fast));
}

/**
 * Results of equations that nobody reads are left out, but for a first one, which no operator can do without. Outputs are
 * made by nodes of their own, the last first: ONNX Runtime begins with the node that is written last. It would otherwise
 * begin with the gradients of the first layers and hold all that the others need meanwhile. The nodes are Expand since its
 * optimizer writes others, such as Reshape, anew in another place (ADR 0120).
 */
function write(edit: GraphEdit, program: Program): void {
  const names = new Map(program.inputs.map((input) => [input.name, input.name]));
  for (const [name, tensor] of program.constants) names.set(name, edit.constant(name, tensor));
  const read = new Set([...program.equations.flatMap(({ inputs }) => inputs), ...program.outputs.values()].map(nameOf));
  const known = new Map<string, string>();
  for (const equation of program.equations) {
    equation.outputs.forEach(({ name }, i) => {
      names.set(name, read.has(name) || i === 0 ? edit.fresh(name) : '');
    });
    writeEquation(edit, equation, names, known);
  }
  for (const [output, term] of lastMadeFirst(program)) {
    const w = nodeWriter(edit, '', known);
    w.last('Expand', [writtenName(names, term), w.ints(term.shape)], [output]);
  }
}

function writeEquation(
  edit: GraphEdit,
  { op, params, inputs, outputs, origin }: Equation,
  names: ReadonlyMap<string, string>,
  known: Map<string, string>,
): void {
  if (op === 'ConvWeight') throw new RangeError(`${op} has been left in the program (${origin})`);
  const rule = WRITE[op] as WriteRule<Primitive>;
  const x = inputs.map((term) => writtenName(names, term));
  const y = outputs.map((term) => writtenName(names, term));
  rule({ w: nodeWriter(edit, origin, known), params, x, inputs, outputs, y });
}

function writtenName(names: ReadonlyMap<string, string>, { name }: Term): string {
  const value = names.get(name);
  if (value === undefined) throw new RangeError(`${name} is read before it is made`);
  return value;
}

function nameOf({ name }: Term): string {
  return name;
}

/** Version 1 of every other domain that a carried node needs: ONNX Runtime's own has no other. */
function domainsOf({ equations }: Program): Readonly<Record<string, number>> {
  const domains = equations.flatMap((equation) => (equation.op === 'Opaque' ? [equation.params.domain] : []));
  return Object.fromEntries(domains.filter((domain) => domain !== '').map((domain) => [domain, 1]));
}
