import type { Node } from '../graph/model.js';
import { FORMATS, type Format } from '../quantize/formats.js';
import type { Unit } from '../quantize/unit.js';
import { asFloat, dequantizedApart } from './activations.js';
import type { Draft } from './draft.js';
import { emitDequantized, emitInteger, inputChannels } from './integer-unit.js';

type UnitEmitter = (draft: Draft, unit: Unit, node: Node, format: Format) => void;

/** Makes a unit what its format says. */
export function emitUnit(draft: Draft, unit: Unit, node: Node): void {
  const format = draft.plan.units[unit.name];
  emitterOf(draft, unit, format)(draft, unit, node, format);
}

function emitterOf(draft: Draft, unit: Unit, format: Format): UnitEmitter {
  const { activation } = FORMATS[format];
  if (activation === 'float' && FORMATS[format].weight === 'float') return emitFloat;
  return draft.net.rules.kernels[unit.op][format]?.compute === 'integer' ? emitInteger : emitDequantized;
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
