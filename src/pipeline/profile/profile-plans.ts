import { rm } from 'node:fs/promises';
import { matchUnits } from '../../emit/executed.js';
import { loadModel } from '../../graph/from-onnx.js';
import { sum } from '../../kernel/statistics.js';
import { type Attribution, attribute } from '../../latency/attribute.js';
import { type Circuit, eventsIn } from '../../latency/circuit.js';
import type { Observation } from '../../latency/costs.js';
import { type NodeTime, PROFILE_JOB } from '../../runtime/profile.js';
import { resultKind } from '../../store/result-kind.js';
import { type EmittedPlan, withPlans } from './emitted-plans.js';
import { keyOf, type LatencyQuestion, planName } from './latency-question.js';
import type { Choice } from './plan-pool.js';

/** Plans whose profiles were taken in turns with float's. */
interface ProfiledGroup {
  readonly floatMs: number;
  readonly attributions: readonly Attribution[];
}

const PROFILES = resultKind<ProfiledGroup>('profiles');

export interface ProfileRequest {
  readonly question: LatencyQuestion;
  readonly circuit: Circuit;
  /** The float plan first: the others take turns with it. */
  readonly choices: readonly [float: Choice, ...others: readonly Choice[]];
  readonly runs: number;
}

export interface Profiled {
  readonly observations: readonly Observation[];
  /** Whether it was known from before. */
  readonly recalled: boolean;
}

/** Where the time of each plan goes, beside float's in the same process. */
export async function profilePlans({ question, circuit, choices, runs }: ProfileRequest): Promise<Profiled> {
  const { results } = question;
  const key = { ...keyOf(question), plans: choices.map((choice) => planName(question, choice)), runs };
  const known = await results.find(PROFILES, key);
  const group = known ?? (await withPlans(question, choices, (plans) => profile(question, circuit, plans, runs)));
  if (!known) await results.keep(PROFILES, key, group);
  const observations = group.attributions.map((attribution, i) => ({
    events: eventsIn(circuit, choices[i]),
    attribution,
    floatMs: group.floatMs,
  }));
  return { observations, recalled: known !== undefined };
}

async function profile(
  { bench, executor, threads, feeds, signal }: LatencyQuestion,
  circuit: Circuit,
  plans: readonly EmittedPlan[],
  runs: number,
): Promise<ProfiledGroup> {
  const executedPath = ({ path }: EmittedPlan) => `${path}.executed`;
  const attributed = async (plan: EmittedPlan, times: readonly NodeTime[]) => {
    const { graph: executed } = await loadModel(executedPath(plan));
    const emitted = plan.model.graph;
    const names = bench.net.units.map(({ name }) => name);
    const kernels = matchUnits(emitted, executed, names);
    return attribute({ net: bench.net, events: eventsIn(circuit, plan.choice), emitted, executed, kernels, times });
  };
  try {
    const models = plans.map((plan) => ({ path: plan.path, executed: executedPath(plan) }));
    const input = { models, feeds: feeds.source, threads, runs };
    const times = await executor.run(PROFILE_JOB, input, { what: 'a profile', ...(signal && { signal }) });
    const attributions: Attribution[] = [];
    for (const [i, plan] of plans.entries()) attributions.push(await attributed(plan, times[i]));
    return { floatMs: sum(times[0].map(({ medianMs }) => medianMs)), attributions };
  } finally {
    await Promise.all(plans.map((plan) => rm(executedPath(plan), { force: true })));
  }
}
