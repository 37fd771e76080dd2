import { value } from '../graph/build.js';
import { GraphEdit } from '../graph/edit.js';
import type { Graph, Model } from '../graph/model.js';
import { BitloomError, type Problem, throwAll } from '../kernel/errors.js';
import { blockedValues, nonNegativeValues } from './layout.js';

/** Outputs of a tapped model that bound one value: scalars. */
export interface RangeTap {
  readonly value: string;
  readonly largest: string;
  /** Left out where no element can be negative. */
  readonly smallest?: string;
  /** NaN exactly where an element is: maxima and minima may lose it. */
  readonly total: string;
}

/** Where all elements of one value are found, in any order. */
export interface ElementsTap {
  readonly value: string;
  readonly from: 'input' | 'output';
  readonly name: string;
}

export interface Tapped<Tap> {
  /** The model with the taps as its only outputs. */
  readonly model: Model;
  /** In the order in which the model makes the values. */
  readonly taps: readonly Tap[];
}

/**
 * Adds the smallest and largest element of each value as outputs. A value in blocked layout is reduced by global
 * pooling first, which has kernels for that layout; other reductions would have it converted (ADR 0051).
 */
export function tapRanges(model: Model, values: readonly string[]): Tapped<RangeTap> {
  const blocked = blockedValues(model.graph);
  const nonNegative = nonNegativeValues(model.graph);
  return tap<RangeTap>(model, values, (edit, name) => {
    const reduce = (op: string, input: string) =>
      edit.add({ op, inputs: [input], name: `${name}_${op}`, attributes: { keepdims: 0 } });
    const pool = (op: string) => edit.add({ op, inputs: [name], name: `${name}_${op}` });
    const pooled = blocked.has(name);
    const largest = reduce('ReduceMax', pooled ? pool('GlobalMaxPool') : name);
    const total = reduce('ReduceSum', pooled ? pool('GlobalAveragePool') : name);
    const bounds = { value: name, largest, total };
    const found = nonNegative.has(name) ? bounds : { ...bounds, smallest: reduce('ReduceMin', name) };
    return { tap: found, outputs: Object.values(found).filter((output) => output !== name) };
  });
}

/**
 * Makes the values themselves outputs. One in blocked layout goes out channels last: a copy of whole blocks, where
 * channels first would be a transposition (ADR 0050).
 */
export function tapElements(model: Model, values: readonly string[]): Tapped<ElementsTap> {
  const blocked = blockedValues(model.graph);
  const inputs = new Set(model.graph.inputs.map((input) => input.name));
  return tap<ElementsTap>(model, values, (edit, name) => {
    if (inputs.has(name)) return { tap: { value: name, from: 'input', name }, outputs: [] };
    const output = blocked.has(name)
      ? edit.add({ op: 'Transpose', inputs: [name], attributes: { perm: [0, 2, 3, 1] } })
      : name;
    return { tap: { value: name, from: 'output', name: output }, outputs: [output] };
  });
}

interface Added<Tap> {
  readonly tap: Tap;
  readonly outputs: readonly string[];
}

function tap<Tap>(
  model: Model,
  values: readonly string[],
  add: (edit: GraphEdit, value: string) => Added<Tap>,
): Tapped<Tap> {
  const edit = new GraphEdit(model.graph);
  const added = inGraphOrder(model.graph, values).map((name) => add(edit, name));
  edit.setOutputs(added.flatMap(({ outputs }) => outputs.map((name) => value(name, 'float32'))));
  return { model: { ...model, graph: edit.finish() }, taps: added.map((item) => item.tap) };
}

function inGraphOrder(graph: Graph, values: readonly string[]): readonly string[] {
  const made = [...graph.inputs.map((input) => input.name), ...graph.nodes.flatMap((node) => node.outputs)];
  const known = new Set(made);
  throwAll(values.flatMap((name) => (known.has(name) ? notFloat(graph, name) : [unknownValue(name)])));
  const wanted = new Set(values);
  return made.filter((name) => wanted.has(name));
}

function unknownValue(tensor: string): Problem {
  return { kind: 'model', code: 'unknown-value', message: 'the model has no such activation', place: { tensor } };
}

/** Where the type is known before a run. */
function notFloat(graph: Graph, tensor: string): readonly Problem[] {
  const stated = [...graph.inputs, ...graph.outputs].find((item) => item.name === tensor)?.type;
  const type = stated ?? graph.types.get(tensor);
  if (!type || (type.kind === 'tensor' && type.dtype === 'float32')) return [];
  const found = type.kind === 'tensor' ? type.dtype : type.kind;
  return [notFloatActivation(tensor, found)];
}

export function notFloatActivation(tensor: string, found: string): Problem {
  const message = `only float32 activations are observed; this is ${found}`;
  return { kind: 'model', code: 'not-a-float-activation', message, place: { tensor } };
}

/** A value that is not finite cannot be given a range. */
export function nonFinite(tensor: string, sample: string): BitloomError {
  return new BitloomError({
    kind: 'data',
    code: 'non-finite-activation',
    message: 'the float model makes NaN or an infinity here',
    place: { tensor, sample },
    hint: 'Check this sample and its preprocessing; a model that overflows on good input cannot be calibrated.',
  });
}
