import type { Shape } from '../kernel/shape.js';
import { inferKnown } from './infer.js';
import type { Graph, Model, Node, ValueType } from './model.js';
import { statedTypes } from './print.js';
import { SHAPE_RULES } from './shape-rules/table.js';

/** The file says so; a shape rule says so; or a run of the model showed it. */
export type TypeSource = 'stated' | 'inferred' | 'observed';

export interface TypedValue {
  readonly type: ValueType;
  readonly source: TypeSource;
  /** Why it comes from there, in words. */
  readonly reason: string;
}

/** Type and shape of the values of a graph, by name. */
export type TypeTable = ReadonlyMap<string, TypedValue>;

/** Types of all values, as far as the file states them and the shape rules carry. Named dimensions stay named. */
export function inferTypes(model: Model): TypeTable {
  const found = inferKnown(model);
  const stated = statedTypes(model.graph);
  const rows = new Map<string, TypedValue>();
  for (const name of valueNames(model.graph)) {
    const { dtype, shape } = found.get(name) ?? {};
    const given = stated.get(name);
    if (dtype) rows.set(name, withSource({ kind: 'tensor', dtype, ...(shape && { shape }) }, given, model.graph, name));
    else if (given) rows.set(name, { type: given, source: 'stated', reason: 'the file states it' });
  }
  return rows;
}

/** The shape of a value, where it is a tensor and its rank is known. */
export function shapeIn(table: TypeTable, name: string): Shape | undefined {
  const type = table.get(name)?.type;
  return type?.kind === 'tensor' ? type.shape : undefined;
}

/** Types by name alone, as a graph or `printModel` takes them. */
export function plainTypes(table: TypeTable): ReadonlyMap<string, ValueType> {
  return new Map([...table].map(([name, row]) => [name, row.type]));
}

/** Values whose type the rules left open, with the reason. */
export function openValues(model: Model, table: TypeTable): ReadonlyMap<string, string> {
  const open = new Map<string, string>();
  for (const node of model.graph.nodes) {
    for (const output of node.outputs) {
      if (output && !isComplete(table.get(output)?.type)) open.set(output, reasonFor(node));
    }
  }
  return open;
}

function isComplete(type: ValueType | undefined): boolean {
  if (type === undefined) return false;
  return type.kind !== 'tensor' || (type.shape?.every((dim) => dim !== null) ?? false);
}

function reasonFor(node: Node): string {
  const op = node.domain ? `${node.domain}.${node.op}` : node.op;
  const hasRule = node.domain === '' && (SHAPE_RULES[node.op] !== undefined || node.op === 'If');
  return hasRule ? `the shape of ${op}'s output depends on data or on an open shape` : `no shape rule for ${op}`;
}

function withSource(type: ValueType, stated: ValueType | undefined, graph: Graph, name: string): TypedValue {
  if (graph.inputs.some((input) => input.name === name)) return { type, source: 'stated', reason: 'a graph input' };
  if (graph.initializers.has(name)) return { type, source: 'stated', reason: 'an initializer' };
  if (stated && JSON.stringify(stated) === JSON.stringify(type)) {
    return { type, source: 'stated', reason: 'the file states it and the shape rules do not disagree' };
  }
  return { type, source: 'inferred', reason: 'by the shape rules, from the types of the inputs' };
}

function valueNames(graph: Graph): readonly string[] {
  const given = [...graph.inputs.map((input) => input.name), ...graph.initializers.keys()];
  const made = graph.nodes.flatMap((node) => node.outputs.filter(Boolean));
  return [...new Set([...given, ...made])];
}
