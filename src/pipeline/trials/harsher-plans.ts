import { fitLossLine, type LossLine } from '../../evaluate/floor.js';
import { random, shuffled } from '../../kernel/random.js';
import { loadTarget } from '../../latency/load-target.js';
import type { Format } from '../../quantize/formats.js';
import { HARSHER_FORMATS, uniformChoice } from '../choices.js';
import type { Run } from '../run.js';
import type { Trial } from './trials.js';

/** What the search will ask for at most places. */
const MILD: Format = 'w8a8';

/** Evaluations that each harsher format may cost. */
export const MOST_TRIALS = 5;

/** A plan that lost more than this share of what float reaches has collapsed and tells nothing of small losses. */
const COLLAPSED = 0.25;

/**
 * The line from divergence to loss, fitted to plans harsher than those that the search will ask for: some units, chosen
 * by the seed, with 4 bits and the rest with 8. How many is bisected towards the mildest clear loss.
 */
export async function fitLine(run: Run): Promise<LossLine | undefined> {
  const { settings, float, observer } = run;
  if (settings.decide === 'certify' || settings.keep.kind === 'kl') return undefined;
  const tried = await harsherPlans(run);
  const baseline = Math.abs(float.metric.value(float.outcomes.selection.rows));
  const alive = tried.filter(({ verdict }) => verdict.loss.value <= COLLAPSED * baseline);
  const points = alive.some(isClear) ? alive : tried;
  const line = fitLossLine(points.map(({ divergence, verdict }) => ({ divergence, loss: verdict.loss })));
  observer.trace(line ? `loss is ${line.slope.toPrecision(3)} a unit of divergence` : 'no harsher plan lost clearly');
  return line;
}

async function harsherPlans(run: Run): Promise<readonly Trial[]> {
  const tried: Trial[] = [];
  for (const format of HARSHER_FORMATS) {
    tried.push(...(await mildestClear(run, format)));
    if (tried.some(isClear)) break;
  }
  return tried;
}

/** Bisects how many units must be in `harsh` for a clear loss; stops when all of them are not enough. */
async function mildestClear({ settings, choices, trials }: Run, format: Format): Promise<readonly Trial[]> {
  const target = loadTarget(settings.target);
  const mild = uniformChoice(choices, MILD, target);
  const harsh = uniformChoice(choices, format, target);
  const changed = Object.keys(mild).filter((name) => mild[name] !== harsh[name]);
  const order = shuffled(changed, random(settings.seed));
  const tried: Trial[] = [];
  let gentle = 0;
  let harshest = 2 * order.length;
  while (tried.length < MOST_TRIALS && harshest - gentle > 1) {
    const size = (gentle + harshest) >> 1;
    const lowered = Object.fromEntries(order.slice(0, size).map((name) => [name, harsh[name]]));
    const trial = await trials.run({ ...mild, ...lowered }, 'whole');
    tried.push(trial);
    if (isClear(trial)) harshest = size;
    else if (size >= order.length) break;
    else gentle = size;
  }
  return tried;
}

function isClear({ verdict }: Trial): boolean {
  return verdict.loss.low > 0;
}
