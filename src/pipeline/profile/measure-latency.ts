import { median } from '../../kernel/statistics.js';
import { type Circuit, circuitOf, eventsIn } from '../../latency/circuit.js';
import { costModel, type LatencyModel } from '../../latency/cost-model.js';
import { type Costs, costsFrom, type Observation } from '../../latency/costs.js';
import { type Compared, type PredictionErrors, predictionErrors } from '../../latency/errors.js';
import { fitFactors, type MeasuredPlan, type Prediction, predict } from '../../latency/predict.js';
import type { MedianInterval } from '../../runtime/latency-statistics.js';
import { type Effort, effortFor } from './effort.js';
import { type LatencyQuestion, sizesInRuns } from './latency-question.js';
import { type Choice, coveringPlans, mixedPlans, uniformPlans } from './plan-pool.js';
import { profilePlans } from './profile-plans.js';
import { timeFloat, timePlans } from './time-plans.js';

/** A plan whose latency was measured, all relative to float. */
export interface TimedPlan {
  /** By unit group. */
  readonly formats: Choice;
  readonly uniform: boolean;
  readonly ratio: MedianInterval;
  /** By a fit that this plan had no part in; for uniform plans by the fit itself. */
  readonly predicted: number;
}

/** Where time goes in a model on this machine, and how long any plan of it will take. Plain data. */
export interface MeasuredLatency {
  readonly circuit: Circuit;
  readonly prediction: Prediction;
  /** The same as numbers for a search; float's latency is 1. */
  readonly model: LatencyModel;
  /** One run of the float plan. */
  readonly floatMs: number;
  readonly plans: readonly TimedPlan[];
  /** On mixed plans, each predicted by a fit without it. */
  readonly heldOut: PredictionErrors;
  readonly machine: Machine;
  readonly effort: Effort;
  /** Groups of plans measured, and how many of them were known from before. */
  readonly groups: { readonly total: number; readonly recalled: number };
}

/** How restless the machine was while plans were timed. */
export interface Machine {
  /** Median over groups of the interquartile range of float's times over their median. */
  readonly spread: number;
  /** Median over plans of the half width of the ratio's 95 % interval, relative to it. */
  readonly halfWidth: number;
  /** Too much to tell plans apart that differ by 5 %. */
  readonly restless: boolean;
}

const BUDGET_MS = 100_000;
const RESTLESS = 0.05;

/** Measures all that a prediction needs; what was measured before is looked up. */
export async function measureLatency(question: LatencyQuestion): Promise<MeasuredLatency> {
  const { source, bench, ladders, budgetMs = BUDGET_MS } = question;
  const circuit = circuitOf(bench.net, ladders, sizesInRuns(question));
  const [float] = uniformPlans(circuit);
  const floatMs = await timeFloat(question, float);
  const effort = effortFor({ floatMs, bytes: source.bytes, budgetMs });
  const counter = countGroups(question);
  const observations = await observeAll(question, circuit, effort, counter);
  const timed = await timeAll(question, circuit, effort, counter);
  const wanted = [...circuit.always, ...circuit.events.map(({ event }) => event)];
  const costs = costsFrom(observations, wanted);
  const { prediction, plans } = fitAll(circuit, costs, timed.plans);
  return {
    circuit,
    prediction,
    model: costModel(circuit, prediction),
    floatMs: median([floatMs, ...timed.floats]),
    plans,
    heldOut: predictionErrors(plans.filter(({ uniform }) => !uniform).map(compared)),
    machine: machineOf(timed),
    effort,
    groups: counter.groups(),
  };
}

interface Counter {
  expect(groups: number): void;
  add(recalled: boolean, note: string): void;
  groups(): MeasuredLatency['groups'];
}

function countGroups({ observer }: LatencyQuestion): Counter {
  let total = 0;
  let done = 0;
  let recalled = 0;
  return {
    expect(groups) {
      total += groups;
    },
    add(wasKnown, note) {
      done++;
      if (wasKnown) recalled++;
      observer.progress({ stage: 'profile', done, total: Math.max(done, total), recalled, note });
    },
    groups: () => ({ total: done, recalled }),
  };
}

async function observeAll(question: LatencyQuestion, circuit: Circuit, effort: Effort, counter: Counter) {
  const [float, ...others] = coveringPlans({ circuit, count: effort.profiled, seed: question.seed });
  const groups = inGroups(others, effort.group);
  counter.expect(groups.length + Math.ceil(effort.timed / effort.group));
  const observations: Observation[] = [];
  for (const group of groups) {
    const found = await profilePlans({ question, circuit, choices: [float, ...group], runs: effort.runs });
    observations.push(...found.observations);
    counter.add(found.recalled, 'profiles');
  }
  return observations;
}

interface TimedPlans {
  readonly plans: readonly { readonly formats: Choice; readonly ratio: MedianInterval }[];
  /** Float's time and spread in each group. */
  readonly floats: readonly number[];
  readonly spreads: readonly number[];
}

async function timeAll(
  question: LatencyQuestion,
  circuit: Circuit,
  effort: Effort,
  counter: Counter,
): Promise<TimedPlans> {
  const [float] = uniformPlans(circuit);
  // Other plans than those that were profiled: a fit to plans whose costs are their own says little of others.
  const choices = mixedPlans({ circuit, count: effort.timed, seed: question.seed + 1 });
  const plans: TimedPlans['plans'][number][] = [];
  const floats: number[] = [];
  const spreads: number[] = [];
  for (const group of inGroups(choices, effort.group)) {
    const timed = await timePlans({ question, float, choices: group, budgetMs: effort.groupMs });
    plans.push(...group.map((formats, i) => ({ formats, ratio: timed.ratios[i] })));
    floats.push(timed.floatMs);
    spreads.push(timed.spread);
    counter.add(timed.recalled, 'whole plans');
  }
  return { plans, floats, spreads };
}

function inGroups<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}

const FOLDS = 5;

/** The fit to all plans, and each mixed plan as a fit to the other folds predicts it. */
function fitAll(circuit: Circuit, costs: Costs, timed: TimedPlans['plans']) {
  const uniform = uniformPlans(circuit).map((plan) => JSON.stringify(plan));
  const float = eventsIn(circuit, uniformPlans(circuit)[0]);
  const measured = timed.map(({ formats, ratio }, i) => ({
    formats,
    ratio,
    plan: { events: eventsIn(circuit, formats), ratio: ratio.value, spread: halfWidthOf(ratio) },
    fold: uniform.includes(JSON.stringify(formats)) ? undefined : i % FOLDS,
  }));
  const fitTo = (plans: readonly { readonly plan: MeasuredPlan }[]) =>
    fitFactors(
      plans.map(({ plan }) => plan),
      costs,
      float,
    );
  const prediction = fitTo(measured);
  const folds = Array.from({ length: FOLDS }, (_, fold) => fitTo(measured.filter((other) => other.fold !== fold)));
  const plans = measured.map(({ formats, ratio, plan, fold }): TimedPlan => {
    const by = fold === undefined ? prediction : folds[fold];
    return { formats, ratio, uniform: fold === undefined, predicted: predict(by, plan.events) };
  });
  return { prediction, plans };
}

function compared({ predicted, ratio }: TimedPlan): Compared {
  return { predicted, measured: ratio.value };
}

function machineOf({ plans, spreads }: TimedPlans): Machine {
  const halfWidth = median(plans.map(({ ratio }) => halfWidthOf(ratio)));
  return { spread: median(spreads), halfWidth, restless: halfWidth > RESTLESS };
}

function halfWidthOf({ low, high, value }: MedianInterval): number {
  return (high - low) / 2 / value;
}
