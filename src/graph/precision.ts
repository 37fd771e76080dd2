import { type DType, dtypeFromOnnx } from '../kernel/dtype.js';
import { type Problem, throwAll } from '../kernel/errors.js';
import { dequantizeConstants } from './dequantize.js';
import { nonFiniteWeights } from './finite.js';
import type { Graph, Model, Node } from './model.js';
import { statedTypes } from './print.js';
import { subgraphs } from './subgraphs.js';
import { isHalf, widenHalves } from './widen.js';

/** What a model's numbers are: `quantized-weights` has float activations, `quantized` has not. */
export type Precision = 'float32' | 'float16' | 'bfloat16' | 'quantized-weights' | 'quantized';

export interface FloatModel {
  readonly model: Model;
  /** What it was when it came. */
  readonly precision: Precision;
  readonly handling: 'kept' | 'converted';
  /** What was done, for the user; absent where nothing was. */
  readonly note?: string;
}

/**
 * The model in float32, which quantization starts from. float16 and bfloat16 are widened, inputs and outputs included;
 * weights behind DequantizeLinear become float32 weights. A model with quantized activations is refused: taking its
 * Q/DQ out would change what it computes, since their ranges often stand for the Relu that was fused into them. So is
 * one with NaN or infinite weights.
 */
export function asFloatModel(model: Model): FloatModel {
  const precision = precisionOf(model);
  throwAll(quantizedNodes(model).map(refusal));
  if (precision === 'float32') {
    throwAll(nonFiniteWeights(model));
    return { model, precision, handling: 'kept' };
  }
  const { model: plain, changes, left } = dequantizeConstants(model);
  throwAll(left.map(refusal));
  const widened = widenHalves(plain);
  throwAll(nonFiniteWeights(widened));
  const note = [
    changes > 0 ? `${changes} quantized weights were turned into float weights` : '',
    widened === plain ? '' : `${precision} was widened to float32${interfaceNote(plain)}`,
  ];
  return { model: widened, precision, handling: 'converted', note: note.filter(Boolean).join('; ') };
}

/** By its operators first, then by the types of its weights, inputs and outputs. */
export function precisionOf(model: Model): Precision {
  if (quantizedNodes(model).some(({ node }) => !WEIGHT_ONLY.test(node.op))) return 'quantized';
  if (allNodes(model.graph).some((node) => WEIGHT_ONLY.test(node.op))) return 'quantized-weights';
  const dtypes = floatTypes(model.graph);
  if (dtypes.has('float16')) return 'float16';
  return dtypes.has('bfloat16') ? 'bfloat16' : 'float32';
}

/** Operators that compute on quantized activations, and contributed ones whose weights only they can read. */
const QUANTIZED = /^(QuantizeLinear|DynamicQuantize.*|QLinear.*|QGemm|QAttention|QEmbed.*|.*Integer(ToFloat)?)$/;
const CLOSED_WEIGHTS = /^(MatMulNBits|MatMulBnb4|MatMulFpQ4|GatherBlockQuantized|QMoE)$/;
const WEIGHT_ONLY = /^(DequantizeLinear|MatMulNBits|MatMulBnb4|MatMulFpQ4|GatherBlockQuantized|QMoE)$/;

interface Refused {
  readonly node: Node;
  readonly reason: string;
}

function quantizedNodes(model: Model): readonly Refused[] {
  return allNodes(model.graph).flatMap((node) => {
    if (QUANTIZED.test(node.op))
      return [{ node, reason: 'the model is already quantized: this operator quantizes activations' }];
    return CLOSED_WEIGHTS.test(node.op)
      ? [{ node, reason: 'the model is already quantized: its weights are packed in this operator' }]
      : [];
  });
}

function refusal({ node, reason }: Refused): Problem {
  return {
    kind: 'model',
    code: 'already-quantized',
    message: reason,
    place: { node: node.name, op: node.op },
    hint: 'start from the float model that it was made from',
  };
}

function allNodes(graph: Graph): readonly Node[] {
  return graph.nodes.flatMap((node) => [node, ...subgraphs(node).flatMap(allNodes)]);
}

/** Types of constants, of inputs and outputs, and those that casts make. */
function floatTypes(graph: Graph): ReadonlySet<DType> {
  const types = new Set<DType>([...graph.initializers.values()].map((tensor) => tensor.dtype));
  for (const type of statedTypes(graph).values()) if (type.kind === 'tensor') types.add(type.dtype);
  for (const node of allNodes(graph)) {
    for (const attribute of node.attributes.values()) {
      if (attribute.kind === 'tensor') types.add(attribute.value.dtype);
    }
    const to = node.op === 'Cast' ? node.attributes.get('to') : undefined;
    const dtype = to?.kind === 'int' ? dtypeFromOnnx(Number(to.value)) : undefined;
    if (dtype) types.add(dtype);
  }
  return types;
}

function interfaceNote(model: Model): string {
  const ends = [...model.graph.inputs, ...model.graph.outputs];
  const changed = ends.filter(({ type }) => type?.kind === 'tensor' && isHalf(type.dtype)).map(({ name }) => name);
  return changed.length > 0 ? `; inputs and outputs too: ${changed.join(', ')}` : '';
}
