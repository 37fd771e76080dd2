/**
 * How often a search over k plans takes one that truly misses the floor, by the rule that decides.
 *
 *     npx tsx bench/decide/fooled.ts [--print]
 *
 * Simulated: every plan truly loses twice what the floor allows; beside what it loses, as many samples again as `CHURN` says
 * change for the better and for the worse. Plans err independently, which is the worst case for a search.
 */

import type { Metric } from '../../src/data/metric.js';
import { createJudge, type LossLine } from '../../src/evaluate/floor.js';
import type { Outcomes } from '../../src/evaluate/outcomes.js';
import { type Random, random } from '../../src/kernel/random.js';
import { publish, table } from '../markdown.js';
import { proportionRows } from './rows.js';

const PAGE = new URL('../../docs/dependencies.md', import.meta.url);

const ALLOWED = 0.01;
const TRUE_LOSS = 0.02;
const CHURN = 0.02;
const DRAWS = 400;
/** Relative error of the loss that the line from divergence predicts, one standard deviation of its logarithm. */
const LINE_ERROR = 0.3;
const SAMPLES = [250, 1000, 4000];
const PLANS = [1, 5, 20];

const ACCURACY: Metric = {
  name: 'accuracy',
  higherIsBetter: true,
  kind: 'proportion',
  needsLabels: true,
  row: () => [0],
  value: (rows) => rows.reduce((total, [correct]) => total + correct, 0) / Math.max(1, rows.length),
};

type Rule = (samples: number, source: Random) => boolean;

/** Net flips alone; with the loss that the divergence predicts; and the one-sided bound. */
const RULES: Readonly<Record<string, Rule>> = {
  'net flips alone': judged('estimate'),
  estimate: judged('estimate', true),
  certify: judged('certify'),
};

function judged(decide: 'estimate' | 'certify', withLine = false): Rule {
  return (samples, source) => {
    const { float, plan } = proportionRows(samples, TRUE_LOSS, CHURN, source);
    const judge = createJudge({ kind: 'absolute', points: 100 * ALLOWED }, decide, ACCURACY, {
      ...OUTCOMES,
      rows: float,
      samples,
    });
    // One unit of divergence is the whole loss; the line errs by its own slope.
    const line: LossLine | undefined = withLine
      ? { slope: TRUE_LOSS * Math.exp(LINE_ERROR * source.normal()), points: 1 }
      : undefined;
    return judge.judge({ ...OUTCOMES, rows: plan, divergence: plan.map(() => 1), samples }, line).holds;
  };
}

const OUTCOMES: Outcomes = {
  ...{ metric: 'accuracy', rows: [], others: {}, divergence: [] },
  ...{ samples: 0, seconds: 0, recalled: 0, stoppedEarly: false },
};

const rows = Object.entries(RULES).flatMap(([name, rule]) =>
  SAMPLES.map((samples) => {
    const source = random(samples);
    let passed = 0;
    for (let draw = 0; draw < DRAWS; draw++) if (rule(samples, source)) passed++;
    const chance = passed / DRAWS;
    return [name, `${samples}`, ...PLANS.map((plans) => `${(100 * (1 - (1 - chance) ** plans)).toFixed(1)} %`)];
  }),
);

publish(
  PAGE,
  'fooled',
  table(['rule', 'samples', ...PLANS.map((plans) => (plans === 1 ? 'one plan' : `any of ${plans}`))], rows),
);
