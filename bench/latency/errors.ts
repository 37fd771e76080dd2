/**
 * How far predicted latencies are from measured ones, on random mixed plans that no fit has seen, beside the sum of units
 * alone.
 *
 *     npx tsx bench/latency/errors.ts [--model NAME] [--render]
 *
 * A finished model is written at once to bench/latency/figures/NAME.json and left out when run again; what an interrupted
 * one has measured is kept as well. The table goes into docs/latency.md. Wants a quiet machine.
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { silent } from '../../src/kernel/observer.js';
import { median } from '../../src/kernel/statistics.js';
import { eventsIn } from '../../src/latency/circuit.js';
import { predictionErrors } from '../../src/latency/errors.js';
import { naiveRatio, predict } from '../../src/latency/predict.js';
import { formatsOf } from '../../src/pipeline/profile/latency-question.js';
import { type MeasuredLatency, measureLatency } from '../../src/pipeline/profile/measure-latency.js';
import { isolatedTimes, measureUnits } from '../../src/pipeline/profile/measure-units.js';
import { type Choice, randomPlans, uniformPlans } from '../../src/pipeline/profile/plan-pool.js';
import { type ProfileQuestion, withQuestion } from '../../src/pipeline/profile/profile.js';
import { timePlans } from '../../src/pipeline/profile/time-plans.js';
import { CASES, type Case } from '../cases.js';
import { LATENCY_PAGE, publish } from '../markdown.js';
import { type ErrorFigures, FIGURES, originOf } from './figures.js';
import { renderErrors } from './render.js';

const MODELS = ['resnet50', 'mobilenetv2', 'resnet20', 'bert-mini', 'minilm-l6'];
const STEP = 'errors';
/** Other than those of the plans that predictions are fitted to. */
const SEED = 9001;
const PLANS = 24;
/** Images have sizes of their own; sequences are 128 tokens. */
const OPTIONS = { threads: 1, seconds: 60, length: 128, cache: join(tmpdir(), 'bitloom-latency-errors') };

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { model: { type: 'string' }, render: { type: 'boolean' } } });
  const asked = CASES.filter(
    ({ name }) => MODELS.includes(name) && (values.model === undefined || name === values.model),
  );
  if (asked.length === 0) throw new Error(`no such model; models: ${MODELS.join(', ')}`);
  const open = values.render ? [] : asked.filter(({ name }) => !(STEP in FIGURES.read(name).steps));
  for (const subject of open) await measure(subject);
  publish(LATENCY_PAGE, STEP, renderErrors(MODELS.map((name) => ({ name, figures: FIGURES.read(name).steps[STEP] }))));
}

async function measure({ name, model }: Case): Promise<void> {
  const started = performance.now();
  const command = `npx tsx bench/latency/errors.ts --model ${name}`;
  await withQuestion({ model, ...OPTIONS }, silent, {}, async (question) => {
    const origin = originOf(question, command);
    const found = await measureErrors(question);
    const seconds = (performance.now() - started) / 1000;
    FIGURES.write(name, STEP, { ...origin, ...found, seconds });
    const { predicted, naive } = found.errors;
    console.log(
      `${name}: ${percent(predicted.median)}, ${percent(predicted.p95)}; naive ${percent(naive.median)}; ${seconds.toFixed(0)} s`,
    );
  });
}

async function measureErrors(question: ProfileQuestion) {
  const latency = await measureLatency(question);
  const isolated = isolatedTimes(await measureUnits(question));
  const choices = unseenPlans(latency);
  const ratios: ErrorFigures['plans'][number][] = [];
  for (let from = 0; from < choices.length; from += latency.effort.group) {
    const group = choices.slice(from, from + latency.effort.group);
    const [float] = uniformPlans(latency.circuit);
    const timed = await timePlans({ question, float, choices: group, budgetMs: 2 * latency.effort.groupMs });
    ratios.push(
      ...group.map((choice, i) => ({
        ratio: timed.ratios[i].value,
        low: timed.ratios[i].low,
        high: timed.ratios[i].high,
        predicted: predict(latency.prediction, eventsIn(latency.circuit, choice)),
        naive: naiveRatio(formatsOf(question.bench.net, choice), isolated),
      })),
    );
  }
  const errorsBy = (what: 'predicted' | 'naive') =>
    predictionErrors(ratios.map((plan) => ({ predicted: plan[what], measured: plan.ratio })));
  return {
    inputs: 'made up, batch 1',
    floatMs: latency.floatMs,
    fitted: latency.plans.length,
    profiled: latency.effort.profiled,
    plans: ratios,
    errors: { predicted: errorsBy('predicted'), naive: errorsBy('naive') },
    halfWidth: median(ratios.map(({ low, high, ratio }) => (high - low) / 2 / ratio)),
    noisy: latency.machine.restless,
  };
}

function unseenPlans({ circuit, plans }: MeasuredLatency): readonly Choice[] {
  const seen = new Set([...plans.map(({ formats }) => formats), ...uniformPlans(circuit)].map(keyOf));
  return randomPlans({ circuit, count: 2 * PLANS, seed: SEED })
    .filter((plan, i, all) => !seen.has(keyOf(plan)) && all.findIndex((other) => keyOf(other) === keyOf(plan)) === i)
    .slice(0, PLANS);
}

function keyOf(plan: Choice): string {
  return JSON.stringify(plan);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

await main();
