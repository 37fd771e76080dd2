import type { Node } from '../graph/model.js';
import { DTYPES } from '../kernel/dtype.js';
import { fromNumbers, toFloat32 } from '../kernel/tensor.js';
import type { Unit } from '../quantize/unit.js';
import { asFloat } from './activations.js';
import { type Draft, once } from './draft.js';

/**
 * A unit in 16-bit floats: its constants are stored so, its activations are cast on the way in and back on the way out.
 * A runtime without such kernels (ONNX Runtime on x64) casts again and computes in float32.
 */
export function emitHalf(draft: Draft, unit: Unit, node: Node): void {
  const { edit } = draft;
  node.inputs.forEach((input, position) => {
    if (input !== '') edit.setInput(node.name, position, halfOperand(draft, input));
  });
  const half = edit.fresh(`${unit.output}_half`);
  edit.update(node.name, { outputs: [half] });
  edit.add({
    op: 'Cast',
    name: `${node.name}_Cast`,
    inputs: [half],
    outputs: [unit.output],
    attributes: { to: DTYPES.float32.onnx },
  });
}

function halfOperand(draft: Draft, input: string): string {
  const constant = draft.net.constant(input);
  return once(draft, `half ${input}`, () =>
    constant
      ? draft.edit.constant(
          `${input}_half`,
          draft.weights.derived(`half ${input}`, () => fromNumbers('float16', constant.dims, toFloat32(constant))),
        )
      : draft.edit.add({
          op: 'Cast',
          name: `${input}_Cast`,
          inputs: [asFloat(draft, input)],
          attributes: { to: DTYPES.float16.onnx },
        }),
  );
}
