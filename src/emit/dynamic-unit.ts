import type { Node } from '../graph/model.js';
import type { DenseTensor } from '../kernel/tensor.js';
import type { Unit } from '../quantize/unit.js';
import { asFloat } from './activations.js';
import { type Draft, once } from './draft.js';
import type { StoredWeight } from './weight-store.js';

/**
 * A matrix product of integers whose activation range is taken at run time: DynamicQuantizeLinear, MatMulInteger, and
 * the product of both scales, the pattern that ONNX Runtime fuses into DynamicQuantizeMatMul or MatMulIntegerToFloat.
 */
export function emitDynamic(draft: Draft, unit: Unit, node: Node): void {
  const { edit } = draft;
  const weight = columnsWeight(draft, unit);
  const [stored, scale, zeroPoint] = dynamicallyQuantized(draft, asFloat(draft, unit.inputs[0]));
  const name = unit.weight ?? unit.name;
  const weightScale = edit.constant(`${name}_scale`, weight.scales);
  const scales = edit.add({ op: 'Mul', name: `${node.name}_scales`, inputs: [scale, weightScale] });
  const inputs = [stored, edit.constant(`${name}_quantized`, weight.stored), zeroPoint];
  inputs.push(edit.constant(`${name}_zero_point`, weight.zeroPoints));
  const sums = edit.fresh(`${unit.output}_integer`);
  edit.update(node.name, { op: 'MatMulInteger', inputs, outputs: [sums], attributes: new Map() });
  const cast = edit.add({ op: 'Cast', name: `${node.name}_Cast`, inputs: [sums], attributes: { to: 1 } });
  scaled(draft, unit, node, cast, scales);
}

/** The float result under the unit's own output name, its bias added last. */
function scaled(draft: Draft, unit: Unit, node: Node, cast: string, scales: string): void {
  const product = unit.bias ? draft.edit.fresh(`${unit.output}_product`) : unit.output;
  draft.edit.add({ op: 'Mul', name: `${node.name}_Mul`, inputs: [cast, scales], outputs: [product] });
  if (!unit.bias) return;
  draft.edit.add({ op: 'Add', name: `${node.name}_Add`, inputs: [product, unit.bias], outputs: [unit.output] });
}

/** One DynamicQuantizeLinear for all readers of a value. */
function dynamicallyQuantized(draft: Draft, value: string): readonly [string, string, string] {
  const part = (name: string) => `${value}_dynamic_${name}`;
  const outputs = [part('quantized'), part('scale'), part('zero_point')] as const;
  once(draft, `dynamic ${value}`, () =>
    draft.edit.add({
      op: 'DynamicQuantizeLinear',
      name: `${value}_DynamicQuantizeLinear`,
      inputs: [value],
      outputs: [...outputs],
    }),
  );
  return outputs;
}

/** The weight as [K, N] with one scale a column: MatMulInteger knows no transposition. */
function columnsWeight(draft: Draft, unit: Unit): StoredWeight {
  if (unit.weight === undefined || unit.channelAxis === undefined) throw new RangeError(`${unit.name} has no matrix`);
  const { weights, plan } = draft;
  const weight = weights.channels(unit.weight, {
    axis: unit.channelAxis,
    bits: 8,
    options: plan.weights,
    packed: false,
  });
  if (unit.channelAxis === 1) return weight;
  const key = `transposed ${unit.weight} ${JSON.stringify(plan.weights)}`;
  return { ...weight, stored: weights.derived(key, () => transposed(weight.stored)) };
}

function transposed(matrix: DenseTensor): DenseTensor {
  const [rows, columns] = matrix.dims;
  const turned = new Uint8Array(matrix.bytes.length);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) turned[c * rows + r] = matrix.bytes[r * columns + c];
  return { dtype: matrix.dtype, dims: [columns, rows], bytes: turned };
}
