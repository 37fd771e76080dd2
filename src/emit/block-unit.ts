import { attributes } from '../graph/attributes.js';
import type { Node } from '../graph/model.js';
import { type DenseTensor, fromNumbers, tensor } from '../kernel/tensor.js';
import type { Format } from '../quantize/formats.js';
import type { Unit } from '../quantize/unit.js';
import type { BlockWeight } from '../quantize/weights.js';
import { asFloat } from './activations.js';
import type { Draft } from './draft.js';

/** A matrix product with a weight in blocks of 4 or 8 bits; its bias is added afterwards. */
export function emitBlocks(draft: Draft, unit: Unit, node: Node, format: Format): void {
  const { edit, plan } = draft;
  const product = unit.bias ? edit.fresh(`${unit.output}_product`) : unit.output;
  const input = asFloat(draft, unit.inputs[0]);
  const blocks = draft.weights.blocks(weightName(unit), {
    bits: format === 'w4' ? 4 : 8,
    transposed: unit.channelAxis === 0,
    options: plan.weights,
  });
  if (plan.emission?.blocks === 'qdq') updateToQdq(draft, unit, node, input, product, blocks);
  else updateToNBits(draft, unit, node, input, product, blocks);
  if (unit.bias) {
    edit.add({ op: 'Add', name: `${node.name}_Add`, inputs: [product, unit.bias], outputs: [unit.output] });
  }
}

type ProductWriter = (
  draft: Draft,
  unit: Unit,
  node: Node,
  input: string,
  product: string,
  blocks: BlockWeight,
) => void;

/** com.microsoft's MatMulNBits, whose `accuracy_level` says what the activation is rounded to. */
const updateToNBits: ProductWriter = ({ edit, plan, weights }, unit, node, input, product, blocks) => {
  const name = weightName(unit);
  const key = `${name} ${blocks.bits} ${JSON.stringify(plan.weights)}`;
  const stored = weights.derived(`nbits ${key}`, () => packed(blocks));
  const scales = weights.derived(`nbits scales ${key}`, () =>
    tensor('float32', [blocks.columns, blocks.scales.length / blocks.columns], blocks.scales),
  );
  edit.update(node.name, {
    op: 'MatMulNBits',
    domain: 'com.microsoft',
    inputs: [
      input,
      edit.constant(`${name}_Q${blocks.bits}G${blocks.blockSize}`, stored),
      edit.constant(`${name}_scales`, scales),
      ...(blocks.zeroPoints ? [edit.constant(`${name}_zero_points`, packedZeroPoints(blocks, blocks.zeroPoints))] : []),
    ],
    outputs: [product],
    attributes: blockAttributes(blocks, plan.emission?.accuracyLevel ?? 4),
  });
};

/** Standard ONNX of opset 21. ONNX Runtime makes MatMulNBits of it with the accuracy level of its session: 4. */
const updateToQdq: ProductWriter = ({ edit, plan, weights }, unit, node, input, product, blocks) => {
  const name = weightName(unit);
  const key = `${name} ${blocks.bits} ${JSON.stringify(plan.weights)}`;
  const stored = weights.derived(`qdq ${key}`, () => rowsOf(blocks));
  const scales = weights.derived(`qdq scales ${key}`, () => scaleRows(blocks));
  const dequantized = edit.add({
    op: 'DequantizeLinear',
    name: `${name}_DequantizeLinear`,
    inputs: [
      edit.constant(`${name}_quantized`, stored),
      edit.constant(`${name}_scale`, scales),
      ...(blocks.zeroPoints ? [edit.constant(`${name}_zero_point`, zeroPointRows(blocks, blocks.zeroPoints))] : []),
    ],
    outputs: [edit.fresh(`${name}_DequantizeLinear_Output`)],
    attributes: { axis: 0, block_size: blocks.blockSize },
  });
  edit.update(node.name, { op: 'MatMul', inputs: [input, dequantized], outputs: [product], attributes: new Map() });
};

function weightName(unit: Unit): string {
  return unit.weight ?? unit.name;
}

/** The integers as a matrix [K, N], without the padding. */
function rowsOf({ rows, columns, bits, stored }: BlockWeight): DenseTensor {
  const padded = stored.length / columns;
  const values = Int8Array.from(
    { length: rows * columns },
    (_, i) => stored[(i % columns) * padded + Math.floor(i / columns)],
  );
  return fromNumbers(bits === 4 ? 'int4' : 'int8', [rows, columns], values);
}

/** The scales as [blocks, N]. */
function scaleRows({ columns, scales }: BlockWeight): DenseTensor {
  return tensor('float32', [scales.length / columns, columns], Float32Array.from(turned(scales, columns)));
}

function zeroPointRows({ columns, bits }: BlockWeight, zeroPoints: Int8Array): DenseTensor {
  const dims = [zeroPoints.length / columns, columns];
  return fromNumbers(bits === 4 ? 'int4' : 'int8', dims, turned(zeroPoints, columns));
}

/** [N, blocks] to [blocks, N]. */
function turned(values: Float32Array | Int8Array, columns: number): Float64Array {
  const blocks = values.length / columns;
  return Float64Array.from(values, (_, i) => values[(i % columns) * blocks + Math.floor(i / columns)]);
}

function blockAttributes({ rows, columns, bits, blockSize }: BlockWeight, accuracyLevel: number) {
  return attributes({ K: rows, N: columns, bits, block_size: blockSize, accuracy_level: accuracyLevel });
}

/** MatMulNBits' layout [N, blocks, bytes]. */
function packed({ columns, bits, blockSize, stored }: BlockWeight): DenseTensor {
  const bytes = packedBytes(stored, bits);
  const blockBytes = (blockSize * bits) / 8;
  return { dtype: 'uint8', dims: [columns, bytes.length / columns / blockBytes, blockBytes], bytes };
}

/** [N, bytes]: each column's zero points begin at a byte of their own. */
function packedZeroPoints({ columns, bits }: BlockWeight, zeroPoints: Int8Array): DenseTensor {
  const blocks = zeroPoints.length / columns;
  const columnBytes = Math.ceil((blocks * bits) / 8);
  const bytes = new Uint8Array(columns * columnBytes);
  for (let column = 0; column < columns; column++) {
    bytes.set(packedBytes(zeroPoints.subarray(column * blocks, (column + 1) * blocks), bits), column * columnBytes);
  }
  return { dtype: 'uint8', dims: [columns, columnBytes], bytes };
}

/** Unsigned, with what was 0 in the middle; the earlier of two 4-bit values in the low half of a byte. */
function packedBytes(values: Int8Array, bits: 4 | 8): Uint8Array {
  const middle = 2 ** (bits - 1);
  const perByte = 8 / bits;
  const bytes = new Uint8Array(Math.ceil(values.length / perByte));
  for (let i = 0; i < values.length; i++) {
    bytes[Math.floor(i / perByte)] |= (values[i] + middle) << (bits * (i % perByte));
  }
  return bytes;
}
