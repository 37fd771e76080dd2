import { requiredInputs } from '../graph/constants.js';
import { editGraph, type GraphEdit } from '../graph/edit.js';
import { type GraphIndex, indexGraph } from '../graph/index-graph.js';
import type { Graph, Model, Node } from '../graph/model.js';

/** A value of the float model that another model computes too, under the name `other` there. */
export interface Tap {
  readonly value: string;
  /** The node that makes it in the float model. */
  readonly node: string;
  readonly op: string;
  readonly other: string;
  /** Taps that it is computed from, with no tap between. */
  readonly upstream: readonly string[];
}

export interface Tapped {
  readonly taps: readonly Tap[];
  /** Both models with the tapped values as their outputs. */
  readonly float: Model;
  readonly other: Model;
}

/**
 * Makes the values that two models share readable, in graph order. A value that the other model quantizes is read as
 * its integers say it is, through a DequantizeLinear of its own: kernels stay fused as they are without it. What lies
 * inside a fused integer kernel (a Conv before its Relu) cannot be read without taking the kernel apart: no tap.
 */
export function tapModels(float: Model, other: Model): Tapped {
  const variable = inputDependent(float.graph);
  const index = indexGraph(other.graph);
  const others = new Map<string, string>();
  const tapped = editGraph(other.graph, (edit) => {
    for (const value of variable) {
      const name = readable(value, index, edit);
      if (name !== undefined) others.set(value, name);
    }
  });
  const taps = tapsOf(float.graph, others);
  return {
    taps,
    float: withOutputs(
      float,
      taps.map(({ value }) => value),
    ),
    other: withOutputs(
      { ...other, graph: tapped },
      taps.map((tap) => tap.other),
    ),
  };
}

/** Values that depend on what is fed, in graph order. */
function inputDependent(graph: Graph): ReadonlySet<string> {
  const fed = new Set(requiredInputs(graph).map(({ name }) => name));
  const dependent = new Set<string>();
  for (const node of graph.nodes) {
    if (!node.inputs.some((input) => fed.has(input) || dependent.has(input))) continue;
    for (const output of node.outputs) if (output) dependent.add(output);
  }
  return dependent;
}

/** The name under which the other model can give a value, made where it has to be. */
function readable(value: string, index: GraphIndex, edit: GraphEdit): string | undefined {
  const producer = index.producer(value);
  if (!producer) return undefined;
  if (index.isOutput(value)) return value;
  const quantize = quantizerOf(value, index);
  if (quantize) return dequantized(quantize, value, edit);
  return insideKernel(producer, value, index) ? undefined : value;
}

function quantizerOf(value: string, index: GraphIndex): Node | undefined {
  return index.consumers(value).find((node) => node.op === 'QuantizeLinear');
}

function dequantized(quantize: Node, value: string, edit: GraphEdit): string {
  return edit.add({
    op: 'DequantizeLinear',
    name: `${value}_tap`,
    inputs: [quantize.outputs[0], ...quantize.inputs.slice(1)],
    attributes: Object.fromEntries([...quantize.attributes].filter(([name]) => name === 'axis')),
  });
}

/** Operands of integers, and an activation between this value and the quantization of the result. */
function insideKernel(producer: Node, value: string, index: GraphIndex): boolean {
  const integers = producer.inputs.some((input) => index.producer(input)?.op === 'DequantizeLinear');
  return integers && index.consumers(value).some((node) => node.outputs.some((output) => quantizerOf(output, index)));
}

function tapsOf(float: Graph, others: ReadonlyMap<string, string>): readonly Tap[] {
  const nearest = new Map<string, ReadonlySet<string>>();
  return float.nodes.flatMap((node) => {
    const upstream = new Set(node.inputs.flatMap((input) => [...(nearest.get(input) ?? [])]));
    return node.outputs.flatMap((value) => {
      const other = others.get(value);
      nearest.set(value, other === undefined ? upstream : new Set([value]));
      return other === undefined ? [] : [{ value, node: node.name, op: node.op, other, upstream: [...upstream] }];
    });
  });
}

function withOutputs(model: Model, names: readonly string[]): Model {
  const present = new Set(model.graph.outputs.map((output) => output.name));
  const added = [...new Set(names)].filter((name) => !present.has(name)).map((name) => ({ name }));
  return { ...model, graph: { ...model.graph, outputs: [...model.graph.outputs, ...added] } };
}
