import { attributes } from '../graph/attributes.js';
import type { Node } from '../graph/model.js';
import { type DenseTensor, tensor } from '../kernel/tensor.js';
import type { Format } from '../quantize/formats.js';
import type { Unit } from '../quantize/unit.js';
import type { BlockWeight } from '../quantize/weights.js';
import { asFloat } from './activations.js';
import type { Draft } from './draft.js';

/**
 * A matrix product with a weight in blocks of 4 or 8 bits: com.microsoft's MatMulNBits, whose `accuracy_level` says what
 * the activation is rounded to. Through DequantizeLinear ONNX Runtime would choose level 4 by itself.
 */
export function emitBlocks(draft: Draft, unit: Unit, node: Node, format: Format): void {
  const { edit, plan, weights } = draft;
  const name = unit.weight ?? unit.name;
  const bits = format === 'w4' ? 4 : 8;
  const blocks = weights.blocks(name, { bits, transposed: unit.channelAxis === 0, options: plan.weights });
  const key = `${name} ${bits} ${JSON.stringify(plan.weights)}`;
  const stored = weights.derived(`blocks ${key}`, () => packed(blocks));
  const scales = weights.derived(`scales ${key}`, () =>
    tensor('float32', [blocks.columns, blocks.scales.length / blocks.columns], blocks.scales),
  );
  const suffix = `_Q${bits}G${blocks.blockSize}`;
  const product = unit.bias ? edit.fresh(`${unit.output}_product`) : unit.output;
  edit.update(node.name, {
    op: 'MatMulNBits',
    domain: 'com.microsoft',
    inputs: [
      asFloat(draft, unit.inputs[0]),
      edit.constant(`${name}${suffix}`, stored),
      edit.constant(`${name}_scales`, scales),
    ],
    outputs: [product],
    attributes: blockAttributes(blocks, plan.emission?.accuracyLevel ?? 4),
  });
  if (unit.bias) {
    edit.add({ op: 'Add', name: `${node.name}_Add`, inputs: [product, unit.bias], outputs: [unit.output] });
  }
}

function blockAttributes({ rows, columns, bits, blockSize }: BlockWeight, accuracyLevel: number) {
  return attributes({ K: rows, N: columns, bits, block_size: blockSize, accuracy_level: accuracyLevel });
}

/** MatMulNBits' layout [N, blocks, bytes]: unsigned with the zero point in the middle, the earlier of two in the low half. */
function packed({ columns, bits, blockSize, stored }: BlockWeight): DenseTensor {
  const middle = 2 ** (bits - 1);
  const perByte = 8 / bits;
  const bytes = new Uint8Array(stored.length / perByte);
  for (let i = 0; i < stored.length; i++) {
    bytes[Math.floor(i / perByte)] |= (stored[i] + middle) << (bits * (i % perByte));
  }
  const blockBytes = blockSize / perByte;
  return { dtype: 'uint8', dims: [columns, bytes.length / columns / blockBytes, blockBytes], bytes };
}
