import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ortCpu } from '../../test/plans.js';
import { ladders, modelOf, randomFormats, recipes } from '../../test/random-graphs.js';
import { random } from '../kernel/random.js';
import { network } from '../quantize/network.js';
import { circuitOf, eventsIn } from './circuit.js';
import { costModel } from './cost-model.js';
import { type Costs, costsFrom, type Observation } from './costs.js';
import type { Event, EventKind } from './event.js';
import { gateValues } from './logic.js';
import { factorGroup, fitFactors, naiveRatio, type Prediction, predict, unfitted } from './predict.js';

function event(name: string, kind: EventKind, category: string, elements: number, shape = name): Event {
  return { name, kind, subject: name.split(' ')[1], category, elements, shape };
}

const FLOAT = [0, 1, 2, 3].map((i) => event(`unit u${i} float`, 'unit', 'Conv float', 100 * (i + 1)));
const INT8 = [0, 1, 2, 3].map((i) => event(`unit u${i} w8a8`, 'unit', 'Conv w8a8', 100 * (i + 1)));
const QUANTIZE = [0, 1, 2, 3].map((i) => event(`quantize v${i}`, 'quantize', 'quantize', 10 * (i + 1)));

function observed(events: readonly Event[], time: (event: Event) => number, floatMs: number, rest = 1): Observation {
  const times = Object.fromEntries(events.map((each) => [each.name, time(each)]));
  const operators = Object.fromEntries(events.map((each) => [each.name, 1]));
  const restNodes = [{ node: 'r', op: 'Erf', ms: rest }];
  return { events, floatMs, attribution: { events: times, rest, restNodes, operators } };
}

const elements = (each: Event) => each.elements ?? 0;

describe('costs', () => {
  it('are relative to the float profile taken beside', () => {
    const costs = costsFrom(
      [observed(FLOAT, elements, 1000, 10), observed(FLOAT, (e) => 3 * elements(e), 3000, 30)],
      FLOAT,
    );
    expect(costs.events['unit u1 float']).toEqual({ time: 0.2, operators: 1, source: 'measured' });
    expect(costs.rest.time).toBeCloseTo(0.01, 12);
  });

  it('of unseen events are those of one shape, else lie on the line of their category, and are named', () => {
    const twin = event('quantize twin', 'quantize', 'quantize', 20, 'quantize v1');
    const larger = event('quantize larger', 'quantize', 'quantize', 400);
    const costs = costsFrom([observed(QUANTIZE, (e) => 5 + 2 * elements(e), 100)], [twin, larger]);
    expect(costs.events[twin.name]).toMatchObject({ time: 0.45, source: 'same shape' });
    expect(costs.events[larger.name].time).toBeCloseTo(8.05, 8);
    expect(costs.interpolated).toEqual([larger.name]);
  });
});

const COSTS: Costs = costsFrom(
  [
    observed([...FLOAT], (e) => 0.0009 * elements(e), 1, 0.1),
    observed([...INT8, ...QUANTIZE], (e) => 0.0004 * elements(e), 1, 0.1),
  ],
  [...FLOAT, ...INT8, ...QUANTIZE],
);

/** All choices of four units, each int8 one with a conversion before it. */
const PLANS = Array.from({ length: 16 }, (_, bits) =>
  [0, 1, 2, 3].flatMap((i) => ((bits >> i) & 1 ? [QUANTIZE[i], INT8[i]] : [FLOAT[i]])),
);

describe('a fitted prediction', () => {
  const truth: Prediction = {
    ...unfitted(COSTS, FLOAT),
    factors: { 'unit w8a8': 1.3, 'unit float': 0.9, quantize: 1.1 },
  };
  const scale = predict(truth, FLOAT);
  const plans = PLANS.map((events) => ({ events, ratio: predict(truth, events) / scale }));

  it('is exact for float', () => {
    expect(predict(fitFactors(plans, COSTS, FLOAT), FLOAT)).toBeCloseTo(1, 12);
  });

  it('comes closer to plans it has not seen than the profile does', () => {
    const half = plans.filter((_, i) => i % 2 === 0);
    const rest = plans.filter((_, i) => i % 2 === 1);
    const worst = (prediction: Prediction) =>
      Math.max(...rest.map(({ events, ratio }) => Math.abs(predict(prediction, events) / ratio - 1)));
    expect(worst(fitFactors(half, COSTS, FLOAT))).toBeLessThan(0.02);
    expect(worst(unfitted(COSTS, FLOAT))).toBeGreaterThan(0.15);
  });

  it('stays at what was profiled without any plan', () => {
    const { factors } = fitFactors([], COSTS, FLOAT);
    const plain = unfitted(COSTS, FLOAT);
    expect(factors['unit float']).toBeCloseTo(1, 1);
    for (const events of PLANS)
      expect(predict(fitFactors([], COSTS, FLOAT), events)).toBeCloseTo(predict(plain, events), 1);
  });

  it('heeds a plan less that was measured badly', () => {
    const wrong = { events: [...INT8, ...QUANTIZE], ratio: 1 };
    const of = (spread: number) => predict(fitFactors([{ ...wrong, spread }], COSTS, FLOAT), wrong.events);
    expect(of(0.01)).toBeGreaterThan(of(0.5));
  });
});

describe('the cost model for the search', () => {
  it('adds up to the prediction for every plan of random graphs', () => {
    fc.assert(
      fc.property(recipes, fc.nat(), (recipe, seed) => {
        const model = modelOf(recipe);
        const net = network(model, ortCpu);
        const circuit = circuitOf(net, Object.fromEntries(ladders(model, ortCpu)));
        const source = random(seed);
        const all = [...circuit.always, ...circuit.events.map((each) => each.event)];
        const costs: Costs = {
          rest: { time: 0.1, operators: 2 },
          events: Object.fromEntries(
            all.map(({ name }) => [name, { time: source.uniform(), operators: source.below(3), source: 'measured' }]),
          ),
          interpolated: [],
        };
        const prediction: Prediction = {
          costs,
          factors: { quantize: 1.2, 'unit w8a8': 0.9 },
          perOperator: 0.01,
          float: 2,
        };
        const formats = randomFormats(model, ortCpu, source.below);
        const byItem = Object.fromEntries(net.units.map(({ name, group }) => [group, formats[name]]));
        const { base, items, gates, terms } = costModel(circuit, prediction);
        const values = gateValues(gates, byItem);
        const own = items.reduce((total, { name, costs: of }) => total + (of[byItem[name]] ?? Number.NaN), 0);
        const shared = terms.reduce((total, { gate, cost }) => total + (values[gate] ? cost : 0), 0);
        expect(base + own + shared).toBeCloseTo(predict(prediction, eventsIn(circuit, byItem)), 9);
      }),
      { numRuns: 80, seed: 8 },
    );
  });
});

describe('groups of factors', () => {
  it('are few', () => {
    expect([...new Set([...FLOAT, ...INT8, ...QUANTIZE].map(factorGroup))]).toEqual([
      'unit float',
      'unit w8a8',
      'quantize',
    ]);
  });
});

describe('the naive sum', () => {
  it('knows units alone', () => {
    const isolated = { a: { float: 3, w8a8: 1 }, b: { float: 1, w8a8: 2 } };
    expect(naiveRatio({ a: 'w8a8', b: 'float' }, isolated)).toBe(0.5);
  });
});
