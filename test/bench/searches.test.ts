import { describe, expect, it } from 'vitest';
import { createClock } from '../../bench/clock.js';
import type { RunFigures, StepFigures } from '../../bench/searches/figures.js';
import { renderSearches } from '../../bench/searches/render.js';
import { timingStages } from '../../bench/searches/stages.js';
import { silent } from '../../src/kernel/observer.js';

const estimate = (value: number) => ({ value, low: value - 0.02, high: value + 0.02, samples: 500 });
const parts = (value: number) => ({ selection: estimate(value), holdout: estimate(value) });

function run(ratio: number, status: RunFigures['floor']['status'], changes: Partial<RunFigures> = {}): RunFigures {
  return {
    floor: { asked: '99%', decide: 'estimate', judged: 'metric', allowed: 0.008, resolves: 0.01, status },
    result: parts(0.82),
    pairedLoss: parts(0.014),
    divergence: { selection: 0.01, holdout: 0.01 },
    formats: { float: 2, w8a8: 52 },
    left: [],
    candidates: [],
    search: {
      ranker: 'kl',
      method: 'bisection',
      calibration: 'percentile',
      chosen: 'search',
      reason: 'found',
      evaluations: 12,
      samplesRun: 3000,
      wallSeconds: 75,
    },
    warnings: [],
    stages: [],
    latency: { medianMs: 60 * ratio, ratio, low: ratio - 0.01, high: ratio + 0.01 },
    ...changes,
  };
}

const prediction = { ratio: 0.39, median: 0.021, p95: 0.064, ordered: 0.97, plans: 24 };

function step(changes: Partial<StepFigures> = {}): StepFigures {
  const frontier = run(0.4, 'held', { prediction, stages: [{ name: 'profile', seconds: 84 }] });
  return {
    command: 'npx tsx bench/searches/run.ts',
    date: '2026-11-23T23:00:00.000Z',
    commit: '3f2ead4',
    seconds: 200,
    load: 0.1,
    machine: { cpu: 'AMD EPYC', cores: 2, memoryBytes: 8e9, platform: 'linux-x64' },
    versions: { bitloom: '0.1.0' },
    metric: { name: 'top1', higherIsBetter: true, share: true },
    samples: { calibration: 256, selection: 250, holdout: 250 },
    float: parts(0.834),
    floatMs: 60,
    rounds: 100,
    spread: 0.02,
    noisy: false,
    profiledBefore: false,
    uniform: { w8a8: run(0.3, 'not-held'), 'w8a8-dynamic': run(0.9, 'held', { formats: { 'w8a8-dynamic': 54 } }) },
    bisection: run(0.5, 'not-resolved'),
    frontier,
    ...changes,
  };
}

const won = { ratio: 0.95, low: 0.94, high: 0.96, noisy: false };
const again = step({
  profiledBefore: true,
  frontier: run(0.4, 'held', { prediction, stages: [{ name: 'profile', seconds: 1.2 }] }),
  spared: { units: ['stem', 'head'], won },
});

describe('renderSearches', () => {
  const steps = { '99%': step(), '99.9%': again };
  const lines = renderSearches([
    { model: 'resnet50', steps },
    { model: 'resnet20', steps: {} },
  ]).split('\n');
  const [coarse, fine, profile, ...others] = lines.filter((line) => line.startsWith('| resnet'));
  const cells = coarse.split(' | ');

  it('shows the uniform plan that holds the floor before a faster one that does not', () => {
    expect(cells[2]).toBe('**1.11x** [1.10, 1.12]<br>82.0 ± 2.0 (83.4)<br>lost +1.4 [-0.6, +3.4]<br>54 w8a8-dynamic');
  });

  it('falls back to the fastest uniform plan where none holds, and says so', () => {
    const missed = step({ uniform: { w8a8: run(0.3, 'not-held'), w8a8x: run(0.2, 'not-held') } });
    const text = renderSearches([{ model: 'resnet50', steps: { '99%': missed } }]);
    expect(text).toContain('| **5.00x** [4.76, 5.26]<br>');
    expect(text).toContain('<br>*floor not held* |');
  });

  it('shows what a search found, what it cost and what the samples could not resolve', () => {
    expect(cells[3]).toContain('**2.00x** [1.96, 2.04]<br>');
    expect(cells[3]).toContain('2 float, 52 w8a8<br>*floor not resolved*<br>12 evaluations');
  });

  it('has a row for each floor, and none for a model without figures', () => {
    expect(fine).toMatch(/^\| resnet50 \| 99\.9% \|/);
    expect(others).toEqual([]);
  });

  it('tells profiling apart by what was known, prediction errors, and what float units won', () => {
    expect(profile).toBe(
      '| resnet50 | 1 min 24 s | 1.2 s | 2.1 % at the median, 6.4 % at the 95th (24 plans); 97 % in order | 2 units at 99.9%: 5.0 % [4.0 %, 6.0 %] |',
    );
  });
});

describe('timingStages', () => {
  it('adds the turns of a stage, and passes on what it hears', () => {
    let ms = 0;
    const heard: string[] = [];
    const { observer, stages } = timingStages({ ...silent, stage: (name) => heard.push(name) }, () => ms);
    for (const [name, lasts] of [
      ['search', 1000],
      ['profile', 3000],
      ['search', 500],
    ] as const) {
      observer.stage(name);
      ms += lasts;
    }
    expect(stages()).toEqual([
      { name: 'search', seconds: 1.5 },
      { name: 'profile', seconds: 3 },
    ]);
    expect(heard).toEqual(['search', 'profile', 'search']);
  });
});

describe('createClock', () => {
  it('corrects what was foreseen by the pace of what is done', () => {
    const clock = createClock(
      new Map([
        ['small', 10],
        ['large', 100],
      ]),
    );
    expect(clock.left()).toBe(110);
    clock.did('small', 20);
    expect(clock.left()).toBe(200);
    clock.did('large', 200);
    expect(clock.left()).toBe(0);
  });
});
