import { stringAttribute } from '../graph/attributes.js';
import type { GraphIndex } from '../graph/index-graph.js';
import { indexGraph } from '../graph/index-graph.js';
import type { Graph, Node } from '../graph/model.js';

/**
 * Finds, in the graph that ONNX Runtime executes, the operator that computes each unit. Names do not survive
 * optimization, but one of these does: the weight's (for quantized weights), the output value's, or that of the value
 * or node in the name of the operator that took its place (`Relu_out_nchwc`, `conv1_token_7`).
 */
export function matchUnits(emitted: Graph, executed: Graph, units: readonly string[]): ReadonlyMap<string, Node> {
  const traces = units.flatMap((name) => traceOf(name, emitted));
  const kernels = executed.nodes.filter((node) => isProduct(node.op));
  const found = new Map<string, Node>();
  const taken = new Set<Node>();
  for (const matches of MATCHERS) {
    const lookup = tabulate(kernels, matches.keys);
    for (const trace of traces) {
      if (found.has(trace.name)) continue;
      const node = matches.of(trace).flatMap((key) => lookup.get(key) ?? []);
      const [free] = node.filter((candidate) => !taken.has(candidate));
      if (!free) continue;
      found.set(trace.name, free);
      taken.add(free);
    }
  }
  return found;
}

/** Operators that multiply a weight or two activations, as ONNX Runtime names them. */
export function isProduct(op: string): boolean {
  return /Conv|Gemm|MatMul|Attention/.test(op);
}

export function isIntegerProduct(op: string): boolean {
  return /QLinear|Integer|QGemm|QAttention|DynamicQuantize/.test(op) && isProduct(op);
}

/** What a unit may be known by in the executed graph. */
interface Trace {
  readonly name: string;
  readonly constants: readonly string[];
  /** Its output and what follows it while nothing else reads it, nearest first. */
  readonly values: readonly string[];
}

interface Matcher {
  of(trace: Trace): readonly string[];
  keys(kernel: Node): readonly string[];
}

const MATCHERS: readonly Matcher[] = [
  { of: (trace) => trace.constants, keys: (kernel) => kernel.inputs },
  { of: (trace) => trace.values, keys: (kernel) => kernel.outputs },
  { of: (trace) => trace.values.map((value) => `${value}_nchwc`), keys: (kernel) => [withoutToken(kernel.name)] },
  { of: (trace) => [trace.name], keys: (kernel) => [withoutToken(kernel.name), kernel.name.split('/Mat')[0]] },
];

function withoutToken(name: string): string {
  return name.replace(/^InsertedPrecisionFreeCast_/, '').replace(/_token_\d+$/, '');
}

function tabulate(kernels: readonly Node[], keys: (kernel: Node) => readonly string[]): ReadonlyMap<string, Node[]> {
  const table = new Map<string, Node[]>();
  for (const kernel of kernels) {
    for (const key of keys(kernel)) table.set(key, [...(table.get(key) ?? []), kernel]);
  }
  return table;
}

function traceOf(name: string, emitted: Graph): readonly Trace[] {
  const node = emitted.nodes.find((candidate) => candidate.name === name);
  if (!node) return [];
  const index = indexGraph(emitted);
  return [{ name, constants: ownConstants(node, emitted, index), values: valuesAfter(node, index) }];
}

/** Stored weights that this node alone reads, through DequantizeLinear or directly; the bias is left out. */
function ownConstants(node: Node, emitted: Graph, index: GraphIndex): readonly string[] {
  return node.inputs.slice(0, 2).flatMap((input) => {
    const source = index.producer(input);
    const stored = source?.op === 'DequantizeLinear' ? source.inputs[0] : input;
    return emitted.initializers.has(stored) && index.consumers(stored).length === 1 ? [stored] : [];
  });
}

/** Operators that ONNX Runtime fuses into a product before them. */
const FUSED_AFTER: ReadonlySet<string> = new Set([
  'Relu',
  'Clip',
  'LeakyRelu',
  'Sigmoid',
  'Tanh',
  'HardSigmoid',
  'QuantizeLinear',
  'Cast',
  'Mul',
  'Div',
  'Add',
  'Transpose',
]);

function valuesAfter(node: Node, index: GraphIndex): readonly string[] {
  const values = [node.outputs[0]];
  for (let steps = 0; steps < 6; steps++) {
    const readers = index.consumers(values[values.length - 1]);
    if (readers.length !== 1 || !FUSED_AFTER.has(readers[0].op)) break;
    values.push(readers[0].outputs[0]);
  }
  return values;
}

/** Dtype in which a kernel's weight lies in the file, behind casts and dequantization; nothing where it has none. */
export function weightType(kernel: Node, executed: Graph, index: GraphIndex): string | undefined {
  const second = weightPosition(kernel);
  for (const position of [second, ...(second === 1 ? [0] : [])]) {
    const dtype = constantType(kernel.inputs[position], executed, index);
    if (dtype) return dtype;
  }
  return undefined;
}

/** Place of the second operand among the inputs, which scales and zero points of the first may stand before. */
function weightPosition(kernel: Node): number {
  return ['QLinearConv', 'QLinearMatMul', 'QGemm'].includes(kernel.op) ? 3 : 1;
}

function constantType(value: string | undefined, executed: Graph, index: GraphIndex): string | undefined {
  if (value === undefined) return undefined;
  const constant = executed.initializers.get(value);
  if (constant) return constant.dtype;
  const source = index.producer(value);
  const through = source && ['Cast', 'DequantizeLinear', 'Transpose', 'QuantizeLinear'].includes(source.op);
  return through ? constantType(source.inputs[0], executed, index) : undefined;
}

/** A kernel as a user reads it: `com.microsoft.nchwc:Conv` is a Conv in another layout. */
export function kernelName(kernel: Node): string {
  const level = kernel.attributes.get('accuracy_level');
  const activation = stringAttribute(kernel, 'activation', '');
  const detail = level?.kind === 'int' ? `(accuracy_level ${level.value})` : activation && `(${activation})`;
  return `${kernel.op}${detail}`;
}
