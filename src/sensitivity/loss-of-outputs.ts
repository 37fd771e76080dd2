import type { Loss, OutputLoss } from '../autodiff/losses.js';
import { rootShape, scoresOf } from '../autodiff/losses.js';
import type { Program } from '../autodiff/program.js';
import type { OutputKind, OutputKinds } from '../data/metric.js';
import { sizeOf } from '../kernel/shape.js';

/**
 * The loss whose Hessian at the float point is that of the divergence from the float model's outputs (`divergence`, by
 * which candidates are judged): the KL of what holds scores, the squared error of real values.
 */
export function lossOf(kinds: OutputKinds): Loss {
  return Object.entries(kinds).map(([output, kind]) => ({ output, ...LOSSES[kind.kind] }));
}

const LOSSES: { readonly [K in OutputKind['kind']]: Omit<OutputLoss, 'output'> } = {
  logits: { kind: 'kl' },
  probabilities: { kind: 'kl', probabilities: true },
  regression: { kind: 'squared-error' },
};

/** How one output lies in a program with a loss. Plain data: it travels to jobs. */
export interface OutputLayout {
  readonly output: string;
  readonly kind: OutputKind;
  /** Of one sample. */
  readonly positions: number;
  /** Scores of one position. */
  readonly width: number;
  /** Random signs that one sample's probe has. */
  readonly probes: number;
}

/** The outputs of a program with a loss for `batch` samples; undefined where one does not have the batch in front. */
export function layoutsOf(
  program: Program,
  loss: Loss,
  kinds: OutputKinds,
  batch: number,
): readonly OutputLayout[] | undefined {
  const layouts = loss.flatMap((spec): readonly OutputLayout[] => {
    const scores = program.outputs.get(scoresOf(spec.output));
    if (!scores || scores.shape[0] !== batch) return [];
    const positions = sizeOf(scores.shape.slice(1, -1));
    const width = scores.shape[scores.shape.length - 1];
    const probes = sizeOf(rootShape(spec, scores)) / batch;
    return [{ output: spec.output, kind: kinds[spec.output], positions, width, probes }];
  });
  return layouts.length === loss.length ? layouts : undefined;
}

/** Random signs that one sample's probe has over several outputs. */
export function probesOf(layouts: readonly OutputLayout[]): number {
  return layouts.reduce((total, { probes }) => total + probes, 0);
}
