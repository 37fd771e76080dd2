import type { Node } from '../graph/model.js';
import { floats, fromNumbers, type NumericDType, tensor, toFloat32 } from '../kernel/tensor.js';
import type { Bits } from '../quantize/formats.js';
import { activationGrid, affineParameters, quantizeValue } from '../quantize/grid.js';
import type { AffineParameters } from '../quantize/plan.js';
import { type Draft, once, packs4Bit, parameters } from './draft.js';

/** Names that tools know from ONNX Runtime's own quantizer, for a value at the width that is its main one. */
interface Names {
  readonly base: string;
  readonly scale: string;
  readonly zeroPoint: string;
}

/** A value's floats as its readers at `bits` see them: through QuantizeLinear and DequantizeLinear. */
export function dequantized(draft: Draft, value: string, bits: Bits): string {
  if (draft.net.constant(value)) return dequantizedConstant(draft, value, bits);
  return once(draft, `dequantized ${bits} ${value}`, () => {
    const stored = quantized(draft, value, bits);
    const { base, scale, zeroPoint } = names(draft, value, bits);
    return draft.edit.add({
      op: 'DequantizeLinear',
      name: `${base}_DequantizeLinear`,
      inputs: [stored, scale, zeroPoint],
      outputs: [isMadeOutput(draft, value, bits) ? value : draft.edit.fresh(`${base}_DequantizeLinear_Output`)],
    });
  });
}

/** What a reader of floats reads: the value itself, or what is left of it where its producer stores integers. */
export function asFloat(draft: Draft, value: string): string {
  const bits = draft.wiring.made.get(value);
  return bits === undefined ? value : dequantized(draft, value, bits);
}

/**
 * The floats of a stored value through a DequantizeLinear of its reader's own, with one (repeated) scale for each of
 * `channels`. ONNX Runtime takes a float operator behind a scalar DequantizeLinear for one that should be quantized:
 * WeightBiasQuantization would round its weight to 8 bits, or its bias to int32.
 */
export function dequantizedApart(
  draft: Draft,
  value: string,
  bits: Bits,
  reader: Node,
  place?: { readonly channels: number; readonly axis: number },
): string {
  const stored = quantized(draft, value, bits);
  const { scale, zeroPoint } = parameters(draft.plan, value, bits);
  const base = `${reader.name}_input`;
  if (!place || place.channels < 2) return castApart(draft, stored, value, bits, base);
  const { channels, axis } = place;
  const dtype = storedDType(bits, packs4Bit(draft.plan));
  const repeated = (name: string, make: () => ReturnType<typeof floats>) =>
    draft.edit.constant(`${base}_${name}`, make());
  return draft.edit.add({
    op: 'DequantizeLinear',
    name: `${base}_DequantizeLinear`,
    inputs: [
      stored,
      repeated('scale', () => tensor('float32', [channels], new Float32Array(channels).fill(scale))),
      repeated('zero_point', () => fromNumbers(dtype, [channels], new Array<number>(channels).fill(zeroPoint))),
    ],
    attributes: { axis },
  });
}

/** Where no axis of known size above 1 is there to repeat a scale on: the same arithmetic in plain operators. */
function castApart(draft: Draft, stored: string, value: string, bits: Bits, base: string): string {
  const { scale, zeroPoint } = parameters(draft.plan, value, bits);
  const { edit } = draft;
  const integers = edit.add({ op: 'Cast', name: `${base}_Cast`, inputs: [stored], attributes: { to: 1 } });
  const offset = edit.constant(`${base}_offset`, floats([zeroPoint], []));
  const centred = edit.add({ op: 'Sub', name: `${base}_Sub`, inputs: [integers, offset] });
  const factor = edit.constant(`${base}_scale`, floats([scale], []));
  return edit.add({ op: 'Mul', name: `${base}_Mul`, inputs: [centred, factor] });
}

/** The stored integers of a value. */
function quantized(draft: Draft, value: string, bits: Bits): string {
  return once(draft, `quantized ${bits} ${value}`, () => {
    const { base, scale, zeroPoint } = names(draft, value, bits);
    return draft.edit.add({
      op: 'QuantizeLinear',
      name: `${base}_QuantizeLinear`,
      inputs: [clipped(draft, sourceOf(draft, value, bits), value, bits), scale, zeroPoint],
      outputs: [draft.edit.fresh(`${base}_QuantizeLinear_Output`)],
    });
  });
}

/** The floats that are quantized: the producer's own, or those left at the width that it stores. */
function sourceOf(draft: Draft, value: string, bits: Bits): string {
  const made = draft.wiring.made.get(value);
  if (made !== undefined && made !== bits) return dequantized(draft, value, made);
  return isMadeOutput(draft, value, bits) ? renamedOutput(draft, value) : value;
}

/** A graph output keeps its name on what leaves DequantizeLinear; what its producer made takes another. */
function isMadeOutput(draft: Draft, value: string, bits: Bits): boolean {
  return draft.net.index.isOutput(value) && draft.wiring.made.get(value) === bits;
}

function renamedOutput(draft: Draft, value: string): string {
  return once(draft, `renamed ${value}`, () => {
    const producer = draft.net.index.producer(value);
    const name = draft.edit.fresh(`${value}_QuantizeLinear_Input`);
    if (producer) {
      draft.edit.update(producer.name, { outputs: producer.outputs.map((o) => (o === value ? name : o)) });
    }
    return name;
  });
}

/** An 8-bit container does not saturate at 4 bits by itself. */
function clipped(draft: Draft, source: string, value: string, bits: Bits): string {
  if (bits !== 4 || packs4Bit(draft.plan)) return source;
  const { scale, zeroPoint } = parameters(draft.plan, value, bits);
  const { high } = activationGrid(bits);
  const { base } = names(draft, value, bits);
  const bound = (name: string, steps: number) =>
    draft.edit.constant(`${base}_${name}`, floats([Math.fround(scale * steps)], []));
  return draft.edit.add({
    op: 'Clip',
    name: `${base}_Clip`,
    inputs: [source, bound('lowest', -zeroPoint), bound('highest', high - zeroPoint)],
  });
}

function names(draft: Draft, value: string, bits: Bits): Names {
  const widths = Object.keys(draft.plan.activations[value] ?? {}).map(Number);
  const main = draft.wiring.made.get(value) ?? (widths.includes(8) ? 8 : Math.min(...widths));
  const base = bits === main ? value : `${value}_uint${bits}`;
  const held = parameters(draft.plan, value, bits);
  return { base, ...scaleNames(draft, base, held, bits) };
}

function scaleNames(draft: Draft, base: string, { scale, zeroPoint }: AffineParameters, bits: Bits) {
  const dtype = storedDType(bits, packs4Bit(draft.plan));
  const { edit } = draft;
  return {
    scale: once(draft, `scale ${base}`, () => edit.constant(`${base}_scale`, floats([scale], []))),
    zeroPoint: once(draft, `zero point ${base}`, () =>
      edit.constant(`${base}_zero_point`, fromNumbers(dtype, [], [zeroPoint])),
    ),
  };
}

function storedDType(bits: Bits, packed: boolean): NumericDType {
  if (bits === 16) return 'uint16';
  return bits === 4 && packed ? 'uint4' : 'uint8';
}

/** A constant that a quantized follower or a product reads: stored as integers of its own range. */
function dequantizedConstant(draft: Draft, value: string, bits: Bits): string {
  const source = draft.net.constant(value);
  if (!source) throw new RangeError(`${value} is no constant`);
  return once(draft, `dequantized ${bits} ${value}`, () => {
    const data = toFloat32(source);
    const held = affineParameters({ min: data.reduce(min, 0), max: data.reduce(max, 0) }, bits);
    const grid = activationGrid(bits);
    const { scale, zeroPoint } = scaleNames(draft, value, held, bits);
    const stored = draft.weights.derived(`constant ${bits} ${packs4Bit(draft.plan)} ${value}`, () =>
      fromNumbers(
        storedDType(bits, packs4Bit(draft.plan)),
        source.dims,
        Float64Array.from(data, (x) => quantizeValue(x, held, grid)),
      ),
    );
    return draft.edit.add({
      op: 'DequantizeLinear',
      name: `${value}_DequantizeLinear`,
      inputs: [draft.edit.constant(`${value}_quantized`, stored), scale, zeroPoint],
      outputs: [draft.edit.fresh(`${value}_DequantizeLinear_Output`)],
    });
  });
}

const min = (a: number, b: number) => Math.min(a, b);
const max = (a: number, b: number) => Math.max(a, b);
