import { Builder } from '../autodiff/builder.js';
import { hessianRoot, type Loss, type OutputLoss, rootShape, scoresOf } from '../autodiff/losses.js';
import { add, mul, reshape, scale, sum } from '../autodiff/ops.js';
import { probeOf, writeGradients } from '../autodiff/products.js';
import type { Program, Term } from '../autodiff/program.js';
import type { Estimator } from './estimator.js';
import { probesOf } from './loss-of-outputs.js';
import type { Perturbation } from './perturbations.js';
import { probesForExact } from './probes.js';
import { type LabelSource, residual } from './residuals.js';

/** What a trial changes in the model: a step of a unit to a format moves its weight and what it reads. */
export interface Trial {
  readonly name: string;
  readonly moves: readonly { readonly of: string; readonly by: Perturbation }[];
}

/** Several would repeat the same numbers where nothing is drawn. */
const ONCE = 1;

/**
 * Mean over samples of |g . d|: the first-order change of the cross-entropy when a trial moves the model by d; labels
 * are the data's, or drawn from the model's own probabilities.
 */
export function taylorEstimator(loss: Loss, trials: readonly Trial[], labels: LabelSource): Estimator {
  return {
    key: `first order, labels ${labels}`,
    labelled: labels === 'data',
    derive: (program) =>
      overTrials(program, loss, trials, slopeOfLabels(labels), (b, moves) => b.one('Abs', [along(b, moves)], {})),
    // The magnitude is each sample's own.
    mostTogether: 1,
    exactAfter: () => (labels === 'data' ? ONCE : Number.POSITIVE_INFINITY),
  };
}

/** Mean over samples and labels drawn from the model's probabilities of sum g^2 d^2: the diagonal of Fisher's matrix. */
export function fisherEstimator(loss: Loss, trials: readonly Trial[]): Estimator {
  return {
    key: 'fisher',
    derive: (program) =>
      overTrials(program, loss, trials, slopeOfLabels('drawn'), (b, moves) =>
        summed(
          b,
          moves.map(({ slope, move }) => {
            const product = mul(b, slope, move);
            return total(b, mul(b, product, product));
          }),
        ),
      ),
    mostTogether: 1,
    exactAfter: () => Number.POSITIVE_INFINITY,
  };
}

/**
 * Mean over samples of d' H d / 2, what the divergence is to second order when a trial moves the model by d: with
 * H = J' S S' J and random signs u it is E ((J' S u) . d)^2 / 2, so that one product serves every trial.
 */
export function curvatureEstimator(loss: Loss, trials: readonly Trial[]): Estimator {
  return {
    key: 'curvature',
    derive: (program) =>
      overTrials(program, loss, trials, slopeOfProbe, (b, moves) => {
        const moved = along(b, moves);
        return scale(b, mul(b, moved, moved), 0.5);
      }),
    // The square is each sample's own.
    mostTogether: 1,
    exactAfter: (layouts) => probesForExact(probesOf(layouts)),
  };
}

/**
 * (J' S u) . d of every trial for random signs u, sample by sample: the mean product of two trials over probes is
 * d_i' H d_j, exact after as many as the outputs have scores.
 */
export function alongProbesEstimator(loss: Loss, trials: readonly Trial[]): Estimator {
  return {
    key: 'along probes',
    derive: (program) => overTrials(program, loss, trials, slopeOfProbe, along),
    mostTogether: 1,
    exactAfter: (layouts) => probesForExact(probesOf(layouts)),
  };
}

/** Writes what the scores of an output are multiplied with on the way back to a slope. */
type Cotangent = (b: Builder, spec: OutputLoss, scores: Term) => Term;

const slopeOfLabels =
  (labels: LabelSource): Cotangent =>
  (b, spec, scores) =>
    residual(b, spec, scores, labels);

const slopeOfProbe: Cotangent = (b, spec, scores) =>
  hessianRoot(b, spec, scores, b.input(probeOf(spec.output), { ...scores, shape: rootShape(spec, scores) }));

interface Move {
  readonly slope: Term;
  readonly move: Term;
}

function overTrials(
  program: Program,
  loss: Loss,
  trials: readonly Trial[],
  cotangent: Cotangent,
  write: (b: Builder, moves: readonly Move[]) => Term,
): Program {
  const b = Builder.from(program);
  const names = [...new Set(trials.flatMap(({ moves }) => moves.map(({ of }) => of)))];
  const at = names.map((name) => termOf(program, name));
  const scores = loss.map(({ output }) => termOf(program, scoresOf(output)));
  const cotangents = loss.map((spec, i) => cotangent(b, spec, scores[i]));
  const slopes = writeGradients(b, at, scores, cotangents);
  const slopeOf = new Map(names.map((name, i) => [name, { slope: slopes[i], at: at[i] }]));
  const outputs = trials.map(({ name, moves }) => {
    const own = moves.flatMap(({ of, by }): readonly Move[] => {
      const found = slopeOf.get(of);
      return found ? [{ slope: found.slope, move: by(b, found.at) }] : [];
    });
    return [name, write(b, own)] as const;
  });
  return b.finish(new Map(outputs));
}

/** g . d over everything that a trial moves. */
function along(b: Builder, moves: readonly Move[]): Term {
  return summed(
    b,
    moves.map(({ slope, move }) => total(b, mul(b, slope, move))),
  );
}

function total(b: Builder, x: Term): Term {
  return reshape(b, sum(b, x), []);
}

function summed(b: Builder, parts: readonly Term[]): Term {
  return parts.reduce((all, part) => add(b, all, part), b.scalar(0));
}

function termOf(program: Program, name: string): Term {
  const term = program.outputs.get(name) ?? program.values.get(name);
  if (!term) throw new RangeError(`the program has no ${name}`);
  return term;
}
