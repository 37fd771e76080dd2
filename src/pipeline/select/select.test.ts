import { describe, expect, it } from 'vitest';
import { buildModel, value } from '../../graph/build.js';
import { silent } from '../../kernel/observer.js';
import { loadTarget } from '../../latency/load-target.js';
import type { Formats } from '../../quantize/followers.js';
import type { Unit } from '../../quantize/unit.js';
import type { Measures } from '../../sensitivity/rankers.js';
import { choicesFor } from '../choices.js';
import type { Trial, Trials } from '../trials/trials.js';
import { selectPlans } from './select.js';
import type { SelectOptions } from './selection.js';

const target = loadTarget('ort-cpu');
const UNITS: readonly Unit[] = [1, 2, 3, 4].map((i) => ({
  name: `conv${i}`,
  op: 'Conv',
  inputs: ['x'],
  weight: `w${i}`,
  output: `y${i}`,
  group: `conv${i}`,
  parameters: 9,
}));

const model = buildModel({ inputs: [value('x', 'float32', [1])], outputs: [value('y', 'float32', [1])] }, (edit) =>
  edit.add({ op: 'Relu', inputs: ['x'], outputs: ['y'] }),
);

/** Trials in which each quantized unit costs its damage, without a model that runs. */
function trialsBy(damage: (unit: string) => number, allowed: number): Trials & { readonly seen: Formats[] } {
  const seen: Formats[] = [];
  return {
    seen,
    async run(formats) {
      seen.push(formats);
      return trialOf(formats, damage, allowed);
    },
    runPlan: () => Promise.reject(new Error('no plan was given')),
    useLine() {},
    get evaluations() {
      return seen.length;
    },
    samplesRun: 0,
  };
}

function trialOf(units: Formats, damage: (unit: string) => number, allowed: number): Trial {
  const lost = Object.keys(units).reduce((sum, name) => sum + (units[name] === 'float' ? 0 : damage(name)), 0);
  const weights = { method: 'min-max', reduceRange: false, blockSize: 32 } as const;
  return {
    plan: { version: 1, model: '', target: target.name, units, followers: {}, activations: {}, weights },
    model,
    hash: JSON.stringify(units),
    file: () => Promise.reject(new Error('it is not run')),
    kernels: [],
    outcomes: {
      metric: 'top1',
      rows: [],
      divergence: [],
      samples: 0,
      seconds: 0,
      recalled: 0,
      others: {},
      stoppedEarly: false,
    },
    divergence: lost,
    verdict: { holds: lost <= allowed, loss: { value: lost, low: lost, high: lost, upper: lost, samples: 1 } },
  };
}

const damageOf = (name: string) => Number(name.slice(-1));

function options(trials: Trials, ranked: string[]): SelectOptions {
  const alone: Measures['divergenceAlone'] = async ({ name }) => {
    ranked.push(name);
    return { value: damageOf(name), standardError: 0 };
  };
  const measures: Measures = {
    weightError: () => 0,
    activationError: () => 0,
    divergenceWithNoise: alone,
    divergenceAlone: alone,
    traces: () => Promise.resolve([]),
    fisherChange: alone,
    firstOrderChange: alone,
    secondOrderChange: alone,
  };
  const choices = choicesFor(UNITS, target, { include: [], exclude: [], force: [] });
  const latency = () => Promise.reject(new Error('a search down the ladder asks for no latency'));
  return {
    choices,
    target,
    trials,
    measures,
    ranker: 'kl',
    search: 'bisection',
    interactions: 'none',
    augmentation: { lambda: 0, normalisation: 'none' },
    damage: () => Promise.reject(new Error('no source was asked for')),
    latency,
    workers: 1,
    observer: silent,
  };
}

describe('selectPlans', () => {
  it('ranks nothing when every unit holds the floor in its fastest format', async () => {
    const ranked: string[] = [];
    const { candidates, sensitivities } = await selectPlans(options(trialsBy(damageOf, 10), ranked));
    expect(ranked).toEqual([]);
    expect(sensitivities).toEqual({});
    expect(candidates.map(({ name, trial }) => [name, trial.verdict.holds])).toEqual([
      ['fastest formats', true],
      ['uniform w8a8', true],
    ]);
  });

  it('leaves the most sensitive units in float when the floor allows less', async () => {
    const { candidates } = await selectPlans(options(trialsBy(damageOf, 3), []));
    expect(candidates[0].name).toBe('search');
    expect(candidates[0].trial.plan.units).toEqual({ conv1: 'w8a8', conv2: 'w8a8', conv3: 'float', conv4: 'float' });
    expect(candidates[1].trial.verdict.holds).toBe(false);
  });
});
