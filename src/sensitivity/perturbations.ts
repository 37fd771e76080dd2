import type { Builder } from '../autodiff/builder.js';
import { scale, sub, zeros } from '../autodiff/ops.js';
import type { Term } from '../autodiff/program.js';
import { storable } from '../calibrate/range.js';
import { tensor } from '../kernel/tensor.js';
import type { Bits } from '../quantize/formats.js';
import { affineParameters } from '../quantize/grid.js';
import type { Range } from '../quantize/plan.js';

/** Writes what a format adds to a weight or to what a unit reads. */
export type Perturbation = (b: Builder, at: Term) => Term;

/** Q(w) - w of a weight, as numbers. */
export function weightPerturbation(weight: Float32Array, rounded: Float32Array): Perturbation {
  const moved = rounded.map((value, i) => value - weight[i]);
  return (b, { shape }) => b.constant(tensor('float32', shape, moved), 'perturbation');
}

/** Q(x) - x of an activation over a range: rounded to whole steps, cut off at its ends. */
export function activationPerturbation(range: Range, bits: Bits): Perturbation {
  const parameters = affineParameters(range, bits, { symmetric: false });
  const { min, max } = storable(parameters, bits);
  return (b, x) => {
    const steps = rounded(b, scale(b, x, 1 / parameters.scale));
    return sub(b, b.one('Clip', [scale(b, steps, parameters.scale)], { min, max }), x);
  };
}

/** Of what a format leaves as it is. */
export const NO_PERTURBATION: Perturbation = (b, at) => zeros(b, at);

function rounded(b: Builder, x: Term): Term {
  const { dtype, shape } = x;
  return b.one('Opaque', [x], {
    op: 'Round',
    domain: '',
    attributes: new Map(),
    absent: [],
    outputs: [{ dtype, shape }],
  });
}
