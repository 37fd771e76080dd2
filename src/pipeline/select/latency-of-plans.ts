import type { PreparedSet } from '../../data/dataset.js';
import { readSample } from '../../data/prepared.js';
import { loadTarget } from '../../latency/load-target.js';
import { latencyLabel } from '../../latency/target.js';
import { allCores } from '../../runtime/cores.js';
import type { Feeds } from '../../runtime/feeds.js';
import { laddersOf } from '../profile/latency-question.js';
import { measureLatency } from '../profile/measure-latency.js';
import type { Run } from '../run.js';
import { estimateLatency } from './estimate-latency.js';
import type { PlanLatency } from './plan-latency.js';

/** Samples, spread over the set, that are run in turn when models are timed: sequences differ in length. */
const TIMED_SAMPLES = 8;

/** Measures where time goes, or works it out for a target that is not this machine. */
export async function latencyOfPlans(run: Run): Promise<PlanLatency> {
  const { settings, bench, choices, source } = run;
  const target = loadTarget(settings.target);
  const ladders = laddersOf(choices);
  if (latencyLabel(target) === 'estimated')
    return estimateLatency({ net: bench.net, model: source.model, target, ladders });
  run.observer.stage('profile');
  const { model, floatMs, heldOut, machine } = await measureLatency({
    ...run,
    target,
    ladders,
    threads: settings.threads ?? allCores(),
    feeds: await timedFeeds(run.sets.selection),
    seed: settings.seed,
  });
  const spread = `${(100 * machine.halfWidth).toFixed(0)} %`;
  const notes = machine.restless
    ? [`the machine was restless while plans were timed: ratios are known to ${spread}`]
    : [];
  return { model, baselineMs: floatMs, label: 'measured', heldOut, notes };
}

/** What models are timed on, and its name. */
export async function timedFeeds(set: PreparedSet) {
  const name = [set.hash, set.length, TIMED_SAMPLES];
  return { name, source: { kind: 'samples', samples: await spreadInputs(set), batch: 1 } } as const;
}

async function spreadInputs(set: PreparedSet): Promise<readonly Feeds[]> {
  const count = Math.min(TIMED_SAMPLES, set.length);
  const positions = Array.from({ length: count }, (_, i) => Math.floor(((i + 0.5) * set.length) / count));
  const samples = await Promise.all(positions.map((position) => readSample(set, position)));
  return samples.map(({ inputs }) => inputs);
}
