import { loadTarget } from '../../latency/load-target.js';
import { readLatencyTable } from '../../latency/read-latency-table.js';
import { latencyLabel } from '../../latency/target.js';
import { allCores } from '../../runtime/cores.js';
import { laddersOf } from '../profile/latency-question.js';
import { measureLatency } from '../profile/measure-latency.js';
import { timedFeeds } from '../profile/timed-feeds.js';
import type { Run } from '../run.js';
import { estimateLatency } from './estimate-latency.js';
import type { PlanLatency } from './plan-latency.js';

/** Measures where time goes, or works it out for a target that is not this machine. */
export async function latencyOfPlans(run: Run): Promise<PlanLatency> {
  const { settings, bench, choices, source } = run;
  const target = loadTarget(settings.target);
  const ladders = laddersOf(choices);
  const { latencyTable } = settings;
  if (latencyTable !== undefined || latencyLabel(target) === 'estimated') {
    const rows = latencyTable === undefined ? {} : { rows: readLatencyTable(latencyTable) };
    return estimateLatency({ net: bench.net, model: source.model, target, ladders, ...rows });
  }
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
  return { model, baselineMs: floatMs, label: 'measured', ...(heldOut.plans > 0 && { heldOut }), notes };
}
