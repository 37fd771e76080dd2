import { Builder } from '../autodiff/builder.js';
import { type Loss, type OutputLoss, scoresOf } from '../autodiff/losses.js';
import { add, mul, reshape, sum } from '../autodiff/ops.js';
import { writeGradients } from '../autodiff/products.js';
import type { Program, Term } from '../autodiff/program.js';
import type { Estimator } from './estimator.js';
import type { Perturbation } from './perturbations.js';
import { type LabelSource, residual } from './residuals.js';

/** What a trial changes in the model: a step of a unit to a format moves its weight and what it reads. */
export interface Trial {
  readonly name: string;
  readonly moves: readonly { readonly of: string; readonly by: Perturbation }[];
}

/** Several, so that a spread can be told; where nothing is drawn, 1. */
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
      overTrials(program, loss, trials, labels, (b, moves) => {
        const change = moves.map(({ slope, move }) => total(b, mul(b, slope, move)));
        return b.one('Abs', [summed(b, change)], {});
      }),
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
      overTrials(program, loss, trials, 'drawn', (b, moves) =>
        summed(
          b,
          moves.map(({ slope, move }) => {
            const product = mul(b, slope, move);
            return total(b, mul(b, product, product));
          }),
        ),
      ),
    mostTogether: 8,
    exactAfter: () => Number.POSITIVE_INFINITY,
  };
}

interface Move {
  readonly slope: Term;
  readonly move: Term;
}

function overTrials(
  program: Program,
  loss: Loss,
  trials: readonly Trial[],
  labels: LabelSource,
  write: (b: Builder, moves: readonly Move[]) => Term,
): Program {
  const b = Builder.from(program);
  const names = [...new Set(trials.flatMap(({ moves }) => moves.map(({ of }) => of)))];
  const at = names.map((name) => termOf(program, name));
  const scores = loss.map(({ output }) => termOf(program, scoresOf(output)));
  const residuals = loss.map((spec: OutputLoss, i) => residual(b, spec, scores[i], labels));
  const slopes = writeGradients(b, at, scores, residuals);
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
