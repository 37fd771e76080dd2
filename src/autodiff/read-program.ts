import type { Model, Node } from '../graph/model.js';
import type { Feeds, RunModel } from '../graph/observe.js';
import { subgraphs } from '../graph/subgraphs.js';
import { upgradeOpset } from '../graph/upgrade.js';
import { BitloomError, type Problem, throwAll } from '../kernel/errors.js';
import { fromNumbers, isDense, type Tensor, toNumbers } from '../kernel/tensor.js';
import { constantsToInitializers } from '../simplify/constants-to-initializers.js';
import { dropDead } from '../simplify/drop-dead.js';
import { Builder } from './builder.js';
import { isFloat, type Program, printType, sameType, type Term, type TermType } from './program.js';
import { bindInputs } from './read/bind.js';
import { assertKnown, type Facts, factsOf } from './read/facts.js';
import { carried } from './read/opaque.js';
import type { ReadSite } from './read/rule.js';
import { READ } from './read/table.js';

export interface ReadOptions {
  /** The inputs of one run: their sizes fix the model's dynamic dimensions. */
  readonly feeds: Feeds;
  /** Runs the model on `feeds`, for shapes that the shape rules leave open. */
  readonly run?: RunModel;
  /**
   * Scalars (initializers or constants of rank 0) that are weights. Others are plain numbers: equal ones are shared and
   * folded, and nothing can be differentiated by them.
   */
  readonly scalarWeights?: readonly string[];
}

interface Reader {
  readonly b: Builder;
  readonly facts: Facts;
  readonly initializers: ReadonlyMap<string, Tensor>;
  /** Values that a node or an output reads. */
  readonly read: ReadonlySet<string>;
  /** Value name -> term. */
  readonly terms: Map<string, Term>;
}

/**
 * A model (opset 6 or later) in primitives, for the shapes of one sample. Float inputs, weights (float constants with
 * axes), and what nodes make can be asked for by name; values that are plainly the same share a term. Throws one error
 * for inputs that do not fit, for operators that cannot be carried to opset 21, for shapes that stay open, or for
 * control flow and functions.
 */
export async function readProgram(model: Model, { feeds, run, scalarWeights = [] }: ReadOptions): Promise<Program> {
  const { model: bare } = await constantsToInitializers.run(upgradeOpset(bindInputs(model, feeds)));
  const { model: living } = await dropDead.run(bare);
  const { graph } = living;
  assertFlat(living);
  const read = new Set([...graph.nodes.flatMap(({ inputs }) => inputs), ...graph.outputs.map(({ name }) => name)]);
  const facts = await factsOf(living, feeds, run);
  assertKnown(living, facts, [...read].filter(Boolean));
  const reader: Reader = { b: new Builder(), facts, initializers: graph.initializers, read, terms: new Map() };
  for (const { name } of graph.inputs) bind(reader, name, reader.b.input(name, typeOf(facts, name)));
  for (const [name, value] of graph.initializers) readConstant(reader, name, value, scalarWeights);
  for (const node of graph.nodes) readNode(reader, node);
  return reader.b.finish(new Map(graph.outputs.map(({ name }) => [name, termOf(reader, name)])));
}

/** Nodes whose bodies are graphs of their own cannot be taken apart. */
function assertFlat({ graph, functions }: Model): void {
  const called = new Set(functions.map(({ name, domain }) => `${domain}:${name}`));
  const deep = graph.nodes.filter((node) => subgraphs(node).length > 0 || called.has(`${node.domain}:${node.op}`));
  throwAll([
    ...deep.map(({ name, op }) => unsupported({ node: name, op }, `${op} has a body of its own`)),
    ...[...graph.sparseInitializers.keys()].map((name) => unsupported({ tensor: name }, 'a sparse constant')),
  ]);
}

function unsupported(place: Problem['place'] & object, message: string): Problem {
  const hint = 'export the model without control flow, functions and sparse tensors';
  return { kind: 'model', code: 'not-a-program', message, place, hint };
}

/** Notes a value's term. Plain constants get no name: they may be shared with others of the same content. */
function bind({ b, terms }: Reader, name: string, term: Term): void {
  terms.set(name, term);
  if (b.constantValue(term) === undefined) b.setValue(name, term);
}

function readConstant(reader: Reader, name: string, value: Tensor, scalars: readonly string[]): void {
  const weight = isFloat(value.dtype) && (value.dims.length > 0 || scalars.includes(name));
  bind(reader, name, weight ? reader.b.weight(name, value) : reader.b.constant(value, name));
}

function readNode(reader: Reader, node: Node): void {
  reader.b.origin = node.name;
  const site = siteOf(reader, node);
  const terms = known(reader, node, site) ?? lowered(site) ?? carried(site);
  node.outputs.forEach((name, position) => {
    const type = site.outputs[position];
    if (!type) return;
    assertType(node, terms[position], type);
    bind(reader, name, terms[position]);
  });
}

function siteOf({ b, facts, read, terms, initializers }: Reader, node: Node): ReadSite {
  const inputs = node.inputs.map((name) => terms.get(name));
  const first = inputs.indexOf(undefined);
  return {
    b,
    node,
    inputs: inputs.slice(0, first < 0 ? inputs.length : first).filter((input) => input !== undefined),
    outputs: node.outputs.map((name) => (read.has(name) ? facts.get(name) : undefined)),
    optional: (position) => inputs[position],
    numbers(position) {
      const value = initializers.get(node.inputs[position]);
      return value && isDense(value) ? Array.from(toNumbers(value)) : facts.get(node.inputs[position])?.contents;
    },
  };
}

/** Constants in place of a node whose results are known and depend on no float: shapes and what is counted from them. */
function known({ b, facts }: Reader, node: Node, { inputs, outputs }: ReadSite): readonly Term[] | undefined {
  const fixed = outputs.map((type, i) => type && facts.get(node.outputs[i])?.contents);
  if (!outputs.every((type, i) => !type || (fixed[i] && !(isFloat(type.dtype) && inputs.some(floats)))))
    return undefined;
  return outputs.map((type, i) => constant(b, type, fixed[i] ?? []));
}

function constant(b: Builder, type: TermType | undefined, contents: readonly number[]): Term {
  if (!type || type.dtype === 'string') return b.scalar(0);
  return b.constant(fromNumbers(type.dtype, type.shape, contents));
}

/** By the table, where every output that is read comes out; whole numbers and truth values are left to the runtime. */
function lowered(site: ReadSite): readonly Term[] | undefined {
  const { node, outputs } = site;
  if (node.domain !== '' || !outputs.some((type) => type && isFloat(type.dtype))) return undefined;
  const terms = READ[node.op]?.(site);
  return terms && outputs.every((type, i) => !type || terms[i]) ? terms : undefined;
}

function floats({ dtype }: TermType): boolean {
  return isFloat(dtype);
}

function typeOf(facts: Facts, name: string): TermType {
  const fact = facts.get(name);
  if (!fact) throw new RangeError(`the type of ${name} is not known`);
  return fact;
}

function termOf({ terms }: Reader, name: string): Term {
  const term = terms.get(name);
  if (!term) throw new RangeError(`nothing makes ${name}`);
  return term;
}

function assertType(node: Node, term: Term, type: TermType): void {
  if (sameType(term, type)) return;
  const message = `was read as ${printType(term)} where the shape rules say ${printType(type)}`;
  const place = { node: node.name, op: node.op };
  throw new BitloomError({ kind: 'internal', code: 'misread', message, place });
}
