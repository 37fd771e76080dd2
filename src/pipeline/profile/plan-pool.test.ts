import { describe, expect, it } from 'vitest';
import { addConv, ortCpu, smallModel } from '../../../test/plans.js';
import { circuitOf, eventsIn } from '../../latency/circuit.js';
import { network } from '../../quantize/network.js';
import { coveringPlans, mixedPlans, randomPlans, uniformPlans } from './plan-pool.js';

/** Six convolutions in a chain with an Add from the second to the fifth. */
const model = smallModel([1, 4, 6, 6], (edit) => {
  const conv = (from: string, name: string) => addConv(edit, { from, channels: [4, 4], name });
  const early = conv(conv('x', 'a'), 'b');
  const late = conv(conv(conv(early, 'c'), 'd'), 'e');
  return conv(edit.add({ op: 'Add', inputs: [early, late] }), 'f');
});
const net = network(model, ortCpu);
const ladders = Object.fromEntries(net.units.map(({ group }) => [group, ['float', 'w8a8'] as const]));
const circuit = circuitOf(net, ladders);
const keys = (plans: readonly object[]) => plans.map((plan) => JSON.stringify(plan));

describe('plans to be measured', () => {
  it('are uniform first, float before all', () => {
    const [float, int8, ...others] = uniformPlans(circuit);
    expect(new Set(Object.values(float))).toEqual(new Set(['float']));
    expect(new Set(Object.values(int8))).toEqual(new Set(['w8a8']));
    expect(others).toEqual([]);
  });

  it('make every event happen that some plan of the pool makes happen', () => {
    const seen = (plans: Parameters<typeof eventsIn>[1][]) =>
      new Set(plans.flatMap((plan) => eventsIn(circuit, plan).map(({ name }) => name)));
    const covering = coveringPlans({ circuit, count: 100, seed: 3 });
    expect(seen([...covering])).toEqual(
      seen([...uniformPlans(circuit), ...randomPlans({ circuit, count: 64, seed: 3 })]),
    );
    expect(covering.length).toBeLessThan(20);
    expect(new Set(keys(covering)).size).toBe(covering.length);
  });

  it('show most that is new first', () => {
    const covering = coveringPlans({ circuit, count: 100, seed: 3 });
    const seen = new Set<string>();
    const news = covering.map((plan) => {
      const before = seen.size;
      for (const { name } of eventsIn(circuit, plan)) seen.add(name);
      return seen.size - before;
    });
    const chosen = news.slice(uniformPlans(circuit).length);
    expect(chosen).toEqual([...chosen].sort((a, b) => b - a));
    expect(Math.min(...chosen)).toBeGreaterThan(0);
  });

  it('are fixed by the seed, all different, and none of them is float', () => {
    const mixed = mixedPlans({ circuit, count: 12, seed: 1 });
    expect(mixed).toEqual(mixedPlans({ circuit, count: 12, seed: 1 }));
    expect(mixed).not.toEqual(mixedPlans({ circuit, count: 12, seed: 2 }));
    expect(mixed).toHaveLength(12);
    expect(new Set(keys(mixed)).size).toBe(12);
    expect(keys(mixed)).not.toContain(keys(uniformPlans(circuit))[0]);
  });

  it('give each unit a format of its ladder', () => {
    const narrow = circuitOf(net, { ...ladders, c: ['float'], d: ['w8a8'] });
    for (const plan of randomPlans({ circuit: narrow, count: 40, seed: 5 })) {
      expect([plan.c, plan.d]).toEqual(['float', 'w8a8']);
    }
  });
});
