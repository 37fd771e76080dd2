import { kendall, spearman } from '../../kernel/correlation.js';
import { elementCount } from '../../kernel/tensor.js';
import type { Format } from '../../quantize/formats.js';
import type { Analysis, RankerAgreement, RankerCost, UnitSensitivity } from '../../report/analysis.js';
import { type Step, scoreValue } from '../../sensitivity/rank.js';
import type { RankerName, Scored } from '../../sensitivity/rankers.js';
import type { Choice } from '../choices.js';
import type { OpenedModel } from '../open/open-model.js';
import { weightOf } from '../select/unit-weight.js';

/** What a ranker gave and took. */
export interface Scores extends RankerCost {
  /** By step. */
  readonly scores: readonly Scored[];
}

type Summary = Pick<Analysis, 'rankers' | 'formats' | 'units' | 'agreement'>;

export function summarise({ model }: OpenedModel, steps: readonly Step[], scored: readonly Scores[]): Summary {
  const formats = [...new Set(steps.map(({ format }) => format))];
  const totals = scored.map(
    ({ scores }) =>
      (format: Format) =>
        total(scoresIn(format, steps, scores)),
  );
  const units = [...new Set(steps.map(({ unit }) => unit))].map((unit): UnitSensitivity => {
    const weight = weightOf(model, unit);
    const sensitivities = scored.flatMap(({ ranker, scores }, r) =>
      steps.flatMap((step, i) => {
        if (step.unit !== unit) return [];
        const all = totals[r](step.format);
        const score = scoreValue(scores[i]);
        return [{ ranker, format: step.format, ...known(scores[i]), ...(all !== 0 && { share: score / all }) }];
      }),
    );
    return { name: unit.name, op: unit.op, ...(weight && { parameters: elementCount(weight) }), sensitivities };
  });
  const highest = ({ sensitivities }: UnitSensitivity) =>
    Math.max(...sensitivities.flatMap(({ ranker, score }) => (ranker === scored[0].ranker ? [score] : [])));
  return {
    rankers: scored.map(({ scores: _, ...cost }) => cost),
    formats,
    units: units.toSorted((a, b) => highest(b) - highest(a)),
    agreement: formats.flatMap((format) => agreementIn(format, steps, scored)),
  };
}

function known(score: Scored) {
  return typeof score === 'number' ? { score } : { score: score.value, standardError: score.standardError };
}

function scoresIn(format: Format, steps: readonly Step[], scores: readonly Scored[]): readonly number[] {
  return scores.map(scoreValue).filter((_, i) => steps[i].format === format);
}

function agreementIn(format: Format, steps: readonly Step[], scored: readonly Scores[]): readonly RankerAgreement[] {
  return scored.flatMap((a, i) =>
    scored.slice(i + 1).map((b) => {
      const rankers: readonly [RankerName, RankerName] = [a.ranker, b.ranker];
      const [own, other] = [a, b].map(({ scores }) => scoresIn(format, steps, scores));
      const [rho, tau] = [spearman(own, other), kendall(own, other)];
      return { rankers, format, ...(Number.isFinite(rho) && { spearman: rho, kendall: tau }) };
    }),
  );
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** Units that have no choice, by why. */
export function notesOf(choices: readonly Choice[]): readonly string[] {
  const closed = choices.filter(({ ladder }) => ladder.length === 1);
  const reasons = [...new Set(closed.map(({ reason }) => reason))];
  return reasons.map((reason) => {
    const count = closed.filter((choice) => choice.reason === reason).length;
    return `${count} unit${count === 1 ? ' is' : 's are'} not ranked: ${reason}`;
  });
}
