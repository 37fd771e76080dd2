import type { Builder } from '../autodiff/builder.js';
import { lossInput, type OutputLoss } from '../autodiff/losses.js';
import { add, mul, reshape, sqrt, sub } from '../autodiff/ops.js';
import type { Term } from '../autodiff/program.js';

/** float32 of the scores' shape: Gumbel noise, by which a label is drawn; normal noise for real values. */
export const noiseInput = (output: string) => `noise:${output}`;
/** float32 of the scores' shape: 1 at the label's class. */
export const targetInput = (output: string) => `target:${output}`;

export type LabelSource = 'data' | 'drawn';

/**
 * The slope of the cross-entropy in an output's scores, p - e_y, for labels y of the data or drawn from p; in the
 * latter case its second moment is the Hessian. Of real values it is noise of that second moment.
 */
export function residual(b: Builder, spec: OutputLoss, scores: Term, source: LabelSource): Term {
  const weight = b.inputNamed(lossInput.weight(spec.output)) ?? b.scalar(1, scores.dtype);
  const column = reshape(b, weight, [...weight.shape, 1]);
  if (spec.kind === 'squared-error') return mul(b, b.input(noiseInput(spec.output), scores), sqrt(b, column));
  const axis = scores.shape.length - 1;
  const p = b.one('Softmax', [scores], { axis });
  const wanted = source === 'drawn' ? drawn(b, spec, scores) : b.input(targetInput(spec.output), scores);
  return mul(b, sub(b, p, wanted), column);
}

/** One-hot: the class whose score with Gumbel noise is highest has the Softmax's chance to be it. */
function drawn(b: Builder, { output }: OutputLoss, scores: Term): Term {
  const noisy = add(b, scores, b.input(noiseInput(output), scores));
  const highest = b.one('ReduceMax', [noisy], { axes: [scores.shape.length - 1] });
  const below = b.one('Greater', [highest, noisy], {});
  return b.one('Where', [below, b.scalar(0, scores.dtype), b.scalar(1, scores.dtype)], {});
}
