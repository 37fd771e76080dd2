import type { Node } from '../graph/model.js';
import { tensor, toFloat32 } from '../kernel/tensor.js';
import { type Bits, FORMATS, type Format } from '../quantize/formats.js';
import { activationBits } from '../quantize/network.js';
import type { Unit } from '../quantize/unit.js';
import { quantizeBias, scalesForBias } from '../quantize/weights.js';
import { dequantized, dequantizedApart } from './activations.js';
import { type Draft, packs4Bit, parameters } from './draft.js';
import type { StoredWeight } from './weight-store.js';

/**
 * A unit whose kernel multiplies integers: QLinearConv, QGemm, QLinearMatMul and their like. ONNX Runtime recognises them
 * by a DequantizeLinear before each operand.
 */
export function emitInteger(draft: Draft, unit: Unit, node: Node, format: Format): void {
  const bits = readBits(format);
  const weight = unit.channelAxis === undefined ? undefined : channelWeight(draft, unit, format, bits);
  node.inputs.forEach((input, position) => {
    const name = operand(draft, unit, input, bits, weight);
    if (name !== undefined) draft.edit.setInput(node.name, position, name);
  });
}

function operand(draft: Draft, unit: Unit, input: string, bits: Bits, weight?: StoredWeight): string | undefined {
  if (unit.inputs.includes(input)) return dequantized(draft, input, bits);
  if (input === unit.weight) return weight ? dequantizedWeight(draft, unit, weight) : dequantized(draft, input, 8);
  if (input === unit.bias && weight) return dequantizedBias(draft, unit, weight, bits);
  return undefined;
}

/**
 * A unit whose operands are stored as integers and multiplied as floats: widths that no kernel of the target takes. Its
 * bias stays float, for at 16 bits its int32 form would overflow.
 */
export function emitDequantized(draft: Draft, unit: Unit, node: Node, format: Format): void {
  const bits = readBits(format);
  node.inputs.forEach((input, position) => {
    const name = floatOperand(draft, unit, node, input, format, bits);
    if (name !== undefined) draft.edit.setInput(node.name, position, name);
  });
}

function floatOperand(draft: Draft, unit: Unit, node: Node, input: string, format: Format, bits: Bits) {
  if (unit.inputs.includes(input)) {
    return unit.op === 'MatMul'
      ? dequantized(draft, input, bits)
      : dequantizedApart(draft, input, bits, node, inputChannels(draft, unit));
  }
  if (input !== unit.weight) return undefined;
  if (unit.channelAxis === undefined) return dequantized(draft, input, 16);
  return dequantizedWeight(draft, unit, storedWeight(draft, unit, format));
}

/** Where the input's channels are counted: none where the weight does not say. */
export function inputChannels(draft: Draft, unit: Unit): { channels: number; axis: number } | undefined {
  const dims = unit.weight === undefined ? undefined : draft.net.constant(unit.weight)?.dims;
  if (!dims) return undefined;
  const node = draft.edit.node(unit.name);
  const group = node?.attributes.get('group');
  const groups = group?.kind === 'int' ? Number(group.value) : 1;
  if (unit.op === 'Conv') return { channels: dims[1] * groups, axis: 1 };
  if (unit.op === 'ConvTranspose') return { channels: dims[0], axis: 1 };
  return unit.op === 'Gemm' && unit.limits?.w8a8 === undefined
    ? { channels: dims[unit.channelAxis === 0 ? 1 : 0], axis: 1 }
    : undefined;
}

function readBits(format: Format): Bits {
  const bits = activationBits(format);
  if (bits === undefined) throw new RangeError(`${format} has no activation width`);
  return bits;
}

function channelWeight(draft: Draft, unit: Unit, format: Format, bits: Bits): StoredWeight {
  const plain = storedWeight(draft, unit, format);
  if (!unit.bias) return plain;
  const { scale } = parameters(draft.plan, unit.inputs[0], bits);
  const leastScales = scalesForBias(biasOf(draft, unit.bias), scale, plain.weight.scales);
  return leastScales ? storedWeight(draft, unit, format, leastScales) : plain;
}

function storedWeight(draft: Draft, unit: Unit, format: Format, leastScales?: Float32Array): StoredWeight {
  const { weight } = FORMATS[format];
  if (unit.weight === undefined || unit.channelAxis === undefined || typeof weight !== 'object') {
    throw new RangeError(`${unit.name} has no weight with channels in ${format}`);
  }
  return draft.weights.channels(unit.weight, {
    axis: unit.channelAxis,
    bits: weight.bits,
    options: draft.plan.weights,
    packed: packs4Bit(draft.plan),
    ...(leastScales && { leastScales }),
  });
}

function dequantizedWeight(draft: Draft, unit: Unit, weight: StoredWeight): string {
  const name = unit.weight ?? unit.name;
  return draft.edit.add({
    op: 'DequantizeLinear',
    name: `${name}_DequantizeLinear`,
    inputs: [
      draft.edit.constant(`${name}_quantized`, weight.stored),
      draft.edit.constant(`${name}_scale`, weight.scales),
      draft.edit.constant(`${name}_zero_point`, weight.zeroPoints),
    ],
    attributes: { axis: weight.weight.axis },
    outputs: [draft.edit.fresh(`${name}_DequantizeLinear_Output`)],
  });
}

/** No zero point: it is 0 by definition, and WebGPU refuses one on int32. */
function dequantizedBias(draft: Draft, unit: Unit, { weight }: StoredWeight, bits: Bits): string {
  const name = unit.bias ?? `${unit.name}_bias`;
  const { scale } = parameters(draft.plan, unit.inputs[0], bits);
  const { stored, scales } = quantizeBias(biasOf(draft, name), scale, weight.scales);
  const constant = draft.edit.constant(`${name}_quantized`, tensor('int32', [stored.length], stored));
  return draft.edit.add({
    op: 'DequantizeLinear',
    name: `${name}_DequantizeLinear`,
    inputs: [constant, draft.edit.constant(`${name}_quantized_scale`, tensor('float32', [scales.length], scales))],
    attributes: { axis: 0 },
    outputs: [draft.edit.fresh(`${name}_DequantizeLinear_Output`)],
  });
}

function biasOf(draft: Draft, name: string): Float32Array {
  const bias = draft.net.constant(name);
  if (!bias) throw new RangeError(`${name} is no constant`);
  return toFloat32(bias);
}
