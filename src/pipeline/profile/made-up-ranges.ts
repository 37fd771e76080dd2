import type { Graph } from '../../graph/model.js';
import type { Bits } from '../../quantize/formats.js';
import { affineParameters } from '../../quantize/grid.js';
import type { Activations } from '../../quantize/make-plan.js';

const WIDTHS: readonly Bits[] = [4, 8, 16];
const RANGE = { min: -4, max: 4 };

/** Scales for whatever a plan may store: right for no model, and as good as any to time it. */
export function madeUpRanges({ inputs, nodes }: Graph): Activations {
  const values = [...inputs.map(({ name }) => name), ...nodes.flatMap(({ outputs }) => outputs)];
  const parameters = Object.fromEntries(WIDTHS.map((bits) => [bits, affineParameters(RANGE, bits)]));
  return Object.fromEntries(values.map((value) => [value, parameters]));
}
