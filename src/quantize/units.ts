import { floatAttribute, intAttribute } from '../graph/attributes.js';
import { constantReader } from '../graph/constants.js';
import type { Model, Node } from '../graph/model.js';
import { subgraphs } from '../graph/subgraphs.js';
import { elementCount, type Tensor } from '../kernel/tensor.js';
import { FORMAT_NAMES, FORMATS, type Format } from './formats.js';
import { isUnitOp, type Unit, type UnitOp } from './unit.js';

/** A node that looks like a unit and cannot be one; its reason reaches the report. */
export interface RefusedNode {
  readonly name: string;
  readonly op: string;
  readonly reason: string;
}

/** All units of a model's main graph, in graph order. */
export function findUnits(model: Model): readonly Unit[] {
  return inspect(model).units;
}

/** The convolutions and matrix products that stay as they are, subgraphs included, each with its reason. */
export function refusedNodes(model: Model): readonly RefusedNode[] {
  return inspect(model).refused;
}

interface Findings {
  readonly units: readonly Unit[];
  readonly refused: readonly RefusedNode[];
}

type ReadConstant = (name: string) => Tensor | undefined;

function inspect(model: Model): Findings {
  const read = constantReader(model);
  const units: Unit[] = [];
  const refused: RefusedNode[] = model.graph.nodes.flatMap(innerProducts);
  for (const node of model.graph.nodes) {
    if (node.domain !== '' || !isUnitOp(node.op)) continue;
    const found = floatReason(node, model) ?? UNITS[node.op](node, read);
    if (typeof found === 'string') refused.push({ name: node.name, op: node.op, reason: found });
    else units.push({ ...found, name: node.name, op: node.op, output: node.outputs[0] });
  }
  return { units: grouped(units), refused };
}

/** Units that read one weight bear its name as their group. */
function grouped(units: readonly Unit[]): readonly Unit[] {
  const readers = new Map<string, number>();
  for (const { weight } of units) if (weight) readers.set(weight, (readers.get(weight) ?? 0) + 1);
  return units.map((unit) => {
    const shared = unit.weight !== undefined && (readers.get(unit.weight) ?? 0) > 1;
    return { ...unit, group: shared && unit.weight ? unit.weight : unit.name };
  });
}

function innerProducts(node: Node): readonly RefusedNode[] {
  return subgraphs(node).flatMap((graph) =>
    graph.nodes.flatMap((inner) => {
      const own = isUnitOp(inner.op)
        ? [{ name: inner.name, op: inner.op, reason: `it lies in a subgraph of ${node.op} ${node.name}` }]
        : [];
      return [...own, ...innerProducts(inner)];
    }),
  );
}

function floatReason(node: Node, model: Model): string | undefined {
  const values = [...node.inputs, ...node.outputs];
  const type = values.map((value) => model.graph.types.get(value)).find((known) => known?.kind === 'tensor');
  if (type?.kind !== 'tensor' || type.dtype === 'float32') return undefined;
  return `it computes in ${type.dtype}, not float32`;
}

type UnitParts = Omit<Unit, 'name' | 'op' | 'output'>;

/** How each operator's inputs make a unit, or the reason why they do not. */
const UNITS: { readonly [O in UnitOp]: (node: Node, read: ReadConstant) => UnitParts | string } = {
  Conv: (node, read) => convolution(node, read, 0),
  ConvTranspose: (node, read) => convolution(node, read, 1),
  Gemm: gemm,
  MatMul: matmul,
};

function convolution(node: Node, read: ReadConstant, channelAxis: number): UnitParts | string {
  const [input, weight, bias] = node.inputs;
  const constant = floatConstant(weight, read);
  if (!constant) return 'its weight is not a float32 constant';
  if (bias && !floatConstant(bias, read)) return 'its bias is not a float32 constant';
  return {
    inputs: [input],
    weight,
    channelAxis,
    ...(bias ? { bias } : {}),
    group: node.name,
    parameters: elementCount(constant),
    limits: matrixOnly(),
  };
}

function gemm(node: Node, read: ReadConstant): UnitParts | string {
  const [input, weight, bias] = node.inputs;
  const constant = floatConstant(weight, read);
  if (!constant) return 'its second matrix is not a float32 constant';
  const channelAxis = intAttribute(node, 'transB', 0) ? 0 : 1;
  const odd = oddGemm(node, read, constant.dims[channelAxis]);
  return {
    inputs: [input],
    weight,
    channelAxis,
    ...(bias ? { bias } : {}),
    group: node.name,
    parameters: elementCount(constant),
    limits: odd ? limits(odd, quantizedFormats()) : {},
  };
}

/** Integer kernels compute A x B + bias: anything beside that would need float steps of its own. */
function oddGemm(node: Node, read: ReadConstant, channels: number): string | undefined {
  const bias = node.inputs[2];
  if (intAttribute(node, 'transA', 0)) return 'its input is transposed (transA)';
  if (floatAttribute(node, 'alpha', 1) !== 1) return 'its product is scaled (alpha)';
  if (bias && floatAttribute(node, 'beta', 1) !== 1) return 'its bias is scaled (beta)';
  const dims = bias ? floatConstant(bias, read)?.dims : [channels];
  if (dims?.length !== 1 || dims[0] !== channels) return 'its bias is not a constant vector of one value a channel';
  return undefined;
}

function matmul(node: Node, read: ReadConstant): UnitParts | string {
  const [left, right] = node.inputs;
  const constants = [floatConstant(left, read), floatConstant(right, read)];
  if (constants[0] && constants[1]) return 'both its matrices are constants';
  if (constants[1]) return rightWeight(node, left, right, constants[1]);
  const weight = constants[0] && left;
  const reason = weight ? 'its weight stands on the left' : 'it has no weight';
  return {
    inputs: weight ? [right] : [left, right],
    ...(weight ? { weight } : {}),
    group: node.name,
    parameters: constants[0] ? elementCount(constants[0]) : 0,
    limits: limits(reason, weight ? RIGHT_WEIGHT_ONLY : [...RIGHT_WEIGHT_ONLY, ...WEIGHT_BITS_ONLY]),
  };
}

function rightWeight(node: Node, input: string, weight: string, constant: Tensor): UnitParts {
  const matrix = constant.dims.length === 2;
  return {
    inputs: [input],
    weight,
    ...(matrix ? { channelAxis: 1 } : {}),
    group: node.name,
    parameters: elementCount(constant),
    limits: matrix ? {} : limits(`its weight has ${constant.dims.length} dimensions`, RIGHT_WEIGHT_ONLY),
  };
}

const RIGHT_WEIGHT_ONLY: readonly Format[] = ['w8a8-dynamic', 'w4', 'w8'];
/** Formats that differ from another only in the weight: for a product of two activations they say nothing new. */
const WEIGHT_BITS_ONLY: readonly Format[] = ['w4a8', 'w4a16', 'w8a16'];

function matrixOnly() {
  return limits('it is a convolution, and this format is for matrix products', RIGHT_WEIGHT_ONLY);
}

function quantizedFormats(): readonly Format[] {
  return FORMAT_NAMES.filter((format) => typeof FORMATS[format].weight === 'object');
}

function limits(reason: string, formats: readonly Format[]): Readonly<Partial<Record<Format, string>>> {
  return Object.fromEntries(formats.map((format) => [format, reason]));
}

function floatConstant(name: string | undefined, read: ReadConstant): Tensor | undefined {
  const constant = name ? read(name) : undefined;
  return constant?.dtype === 'float32' ? constant : undefined;
}
