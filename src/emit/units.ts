import type { Node } from '../graph/model.js';
import type { Format } from '../quantize/formats.js';
import type { Unit } from '../quantize/unit.js';
import { asFloat, dequantizedApart } from './activations.js';
import { emitBlocks } from './block-unit.js';
import type { Draft } from './draft.js';
import { emitDynamic } from './dynamic-unit.js';
import { emitHalf } from './half-unit.js';
import { emitDequantized, emitInteger, inputChannels } from './integer-unit.js';

type UnitEmitter = (draft: Draft, unit: Unit, node: Node, format: Format) => void;

/** Makes a unit what its format says. */
export function emitUnit(draft: Draft, unit: Unit, node: Node): void {
  const format = draft.plan.units[unit.name];
  emitterOf(draft, unit, format)(draft, unit, node, format);
}

/** How a format is emitted, where it does not follow from what the target computes with. */
const EMITTERS: { readonly [F in Format]?: UnitEmitter } = {
  float: emitFloat,
  f16: emitHalf,
  'w8a8-dynamic': emitDynamic,
  w4: emitBlocks,
  w8: emitBlocks,
};

function emitterOf(draft: Draft, unit: Unit, format: Format): UnitEmitter {
  const integer = draft.net.rules.kernels[unit.op][format]?.compute === 'integer';
  return EMITTERS[format] ?? (integer ? emitInteger : emitDequantized);
}

/** A float unit, kept float: behind stored integers it gets its input in a way that ONNX Runtime leaves alone. */
function emitFloat(draft: Draft, unit: Unit, node: Node): void {
  node.inputs.forEach((input, position) => {
    const bits = draft.wiring.made.get(input);
    if (bits === undefined) return;
    const apart = unit.op !== 'MatMul' || unit.inputs.length === 2;
    const name = apart ? dequantizedApart(draft, input, bits, node, inputChannels(draft, unit)) : asFloat(draft, input);
    draft.edit.setInput(node.name, position, name);
  });
}
