import { printShape } from '../kernel/shape.js';
import type { Tensor } from '../kernel/tensor.js';
import { smallNumbers } from './constants.js';
import type { Attribute, Graph, Model, Node, Value, ValueType } from './model.js';

export interface PrintOptions {
  /** Types to print beside values, such as inferred ones; those that the graph states by itself otherwise. */
  readonly types?: ReadonlyMap<string, ValueType>;
  /** Elements of a constant that are printed in full; 8 when left out. */
  readonly elements?: number;
}

/** The model as text: one line for each input, constant, node and output, subgraphs indented below their node. */
export function printModel(model: Model, options: PrintOptions = {}): string {
  const opsets = [...model.opsets].map(([domain, version]) => `${domain || 'ai.onnx'} ${version}`);
  return [`model ir ${model.irVersion}, ${opsets.join(', ')}`, printGraph(model.graph, options)].join('\n');
}

export function printGraph(graph: Graph, options: PrintOptions = {}): string {
  const types = options.types ?? statedTypes(graph);
  const lines = [
    `graph ${graph.name}`,
    ...graph.inputs.map((input) => `  input ${printValue(input.name, types)}`),
    ...[...graph.initializers].map(([name, tensor]) => `  const ${name}: ${printTensor(tensor, options.elements)}`),
    ...graph.nodes.flatMap((node) => printNode(node, types, options)),
    ...graph.outputs.map((output) => `  output ${printValue(output.name, types)}`),
  ];
  return lines.join('\n');
}

/** `float32[N,3,224,224]`, `sequence(int64)`. */
export function printType(type: ValueType): string {
  switch (type.kind) {
    case 'tensor':
      return `${type.dtype}${type.shape ? printShape(type.shape) : ''}`;
    case 'sparse':
      return `sparse ${type.dtype}${type.shape ? printShape(type.shape) : ''}`;
    case 'map':
      return `map(${type.key}, ${printType(type.value)})`;
    case 'sequence':
    case 'optional':
      return `${type.kind}(${printType(type.element)})`;
  }
}

function printNode(node: Node, types: ReadonlyMap<string, ValueType>, options: PrintOptions): readonly string[] {
  const outputs = node.outputs.map((output) => (output ? printValue(output, types) : '_'));
  const inputs = node.inputs.map((input) => input || '_');
  const op = node.domain ? `${node.domain}.${node.op}` : node.op;
  const shown = [...node.attributes].filter(([, attribute]) => !isGraph(attribute));
  const attributes = shown.map(([name, attribute]) => `${name}=${printAttribute(attribute, options)}`);
  const line = `  ${outputs.join(', ')} = ${op}(${inputs.join(', ')})${attributes.length ? ` {${attributes.join(', ')}}` : ''}  # ${node.name}`;
  const inner = [...node.attributes].flatMap(([name, attribute]) => printInner(name, attribute, options));
  return [line, ...inner];
}

function printInner(name: string, attribute: Attribute, options: PrintOptions): readonly string[] {
  const graphs = attribute.kind === 'graph' ? [attribute.value] : attribute.kind === 'graphs' ? attribute.value : [];
  return graphs.flatMap((graph) =>
    `${name}: ${printGraph(graph, { ...options, types: statedTypes(graph) })}`.split('\n').map((line) => `    ${line}`),
  );
}

function isGraph(attribute: Attribute): boolean {
  return attribute.kind === 'graph' || attribute.kind === 'graphs';
}

function printAttribute(attribute: Attribute, options: PrintOptions): string {
  const text = new TextDecoder();
  switch (attribute.kind) {
    case 'int':
    case 'float':
      return String(attribute.value);
    case 'string':
      return JSON.stringify(text.decode(attribute.value));
    case 'ints':
    case 'floats':
      return `[${attribute.value.join(',')}]`;
    case 'strings':
      return `[${attribute.value.map((item) => JSON.stringify(text.decode(item))).join(',')}]`;
    case 'tensor':
      return printTensor(attribute.value, options.elements);
    case 'type':
      return printType(attribute.value);
    case 'ref':
      return `@${attribute.name}`;
    default:
      return attribute.kind;
  }
}

function printTensor(tensor: Tensor, elements = 8): string {
  const numbers = smallNumbers(tensor, elements);
  const values = numbers ? ` = ${tensor.dims.length === 0 ? numbers[0] : `[${numbers.join(',')}]`}` : '';
  return `${tensor.dtype}${printShape(tensor.dims)}${values}`;
}

function printValue(name: string, types: ReadonlyMap<string, ValueType>): string {
  const type = types.get(name);
  return type ? `${name}: ${printType(type)}` : name;
}

/** What a graph says by itself about its values. */
export function statedTypes(graph: Graph): ReadonlyMap<string, ValueType> {
  const types = new Map<string, ValueType>(graph.types);
  const ends: readonly Value[] = [...graph.inputs, ...graph.outputs];
  for (const end of ends) if (end.type) types.set(end.name, end.type);
  return types;
}
