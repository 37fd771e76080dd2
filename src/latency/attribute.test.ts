import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { addConv, noise, operators, ortCpu, planOf, smallModel, tryPlan } from '../../test/plans.js';
import { runModel } from '../../test/support/run-model.js';
import { matchUnits } from '../emit/executed.js';
import { loadModel } from '../graph/from-onnx.js';
import type { Graph, Model } from '../graph/model.js';
import { random } from '../kernel/random.js';
import type { Format } from '../quantize/formats.js';
import { network } from '../quantize/network.js';
import type { NodeTime } from '../runtime/profile.js';
import { simplify } from '../simplify/simplify.js';
import { type Attribution, attribute } from './attribute.js';
import type { Event } from './event.js';
import { eventsOf } from './events.js';

const RESNET20 = '../shared/models/resnet20-cifar10.onnx';

/** Every executed node takes another power of two, so that a sum tells which nodes it is made of. */
function timesOf(executed: Graph): readonly NodeTime[] {
  return executed.nodes.map(({ name, op }, i) => ({ node: name, op, provider: 'cpu', medianMs: 2 ** -(i % 40) }));
}

interface Divided {
  readonly attribution: Attribution;
  readonly events: readonly Event[];
  readonly executed: Graph;
  readonly total: number;
}

async function divide(
  model: Model,
  formats: Readonly<Record<string, Format>>,
  dims: readonly number[],
): Promise<Divided> {
  const feeds = { [model.graph.inputs[0].name]: noise(dims, 3) };
  const { emitted, executed } = await tryPlan(model, await planOf(model, feeds, formats), feeds);
  const net = network(model, ortCpu);
  const events = eventsOf(net, formats);
  const names = net.units.map((unit) => unit.name);
  const kernels = matchUnits(emitted.graph, executed, names);
  const times = timesOf(executed);
  const attribution = attribute({ net, events, emitted: emitted.graph, executed, kernels, times });
  return { attribution, events, executed, total: times.reduce((sum, { medianMs }) => sum + medianMs, 0) };
}

/** conv1 - Relu - conv2 - Erf - conv3, an Add of conv3 and the Relu, pooled. */
function mixture(): Model {
  return smallModel([1, 8, 8, 8], (edit) => {
    const first = addConv(edit, { from: 'x', channels: [8, 8], name: 'conv1' });
    const relu = edit.add({ op: 'Relu', name: 'relu', inputs: [first] });
    const second = addConv(edit, { from: relu, channels: [8, 8], name: 'conv2' });
    const odd = edit.add({ op: 'Erf', name: 'erf', inputs: [second] });
    const third = addConv(edit, { from: odd, channels: [8, 8], name: 'conv3' });
    const sum = edit.add({ op: 'Add', name: 'add', inputs: [third, relu] });
    return edit.add({ op: 'GlobalAveragePool', name: 'pool', inputs: [sum] });
  });
}

const CHOICES: readonly (readonly [Format, Format, Format])[] = [
  ['float', 'float', 'float'],
  ['w8a8', 'w8a8', 'w8a8'],
  ['w8a8', 'float', 'w8a8'],
  ['float', 'w8a8', 'float'],
  ['float', 'w8a8', 'w8a8'],
  ['w8a8', 'w8a8', 'float'],
];

describe('a profile divided among events', () => {
  it.each(CHOICES)('adds up, each node once (%s, %s, %s)', async (conv1, conv2, conv3) => {
    const { attribution, total, executed } = await divide(mixture(), { conv1, conv2, conv3 }, [1, 8, 8, 8]);
    const sum = Object.values(attribution.events).reduce((all, ms) => all + ms, attribution.rest);
    expect(sum).toBeCloseTo(total, 12);
    const counted = Object.values(attribution.operators).reduce((all, count) => all + count, 0);
    expect(counted + attribution.restNodes.length).toBe(executed.nodes.length);
  });

  it.each(CHOICES)('gives every unit and every conversion its operators (%s, %s, %s)', async (conv1, conv2, conv3) => {
    const { attribution, events } = await divide(mixture(), { conv1, conv2, conv3 }, [1, 8, 8, 8]);
    const silent = events.filter(({ kind, name }) => kind !== 'follower' && attribution.operators[name] === 0);
    expect(silent).toEqual([]);
  });

  it('leaves to the rest only what no plan changes', async () => {
    const { attribution } = await divide(mixture(), { conv1: 'w8a8', conv2: 'float', conv3: 'w8a8' }, [1, 8, 8, 8]);
    expect(attribution.restNodes.map(({ op }) => op)).toEqual(['Erf']);
  });

  it.runIf(existsSync(RESNET20))('holds for mixed plans of a real network', async () => {
    const { model } = await simplify(await loadModel(RESNET20), { evaluate: runModel });
    const source = random(4);
    for (const rate of [0.3, 0.7]) {
      const formats = Object.fromEntries(
        network(model, ortCpu).units.map(({ name }): [string, Format] => [
          name,
          source.uniform() < rate ? 'w8a8' : 'float',
        ]),
      );
      const { attribution, events, executed } = await divide(model, formats, [1, 3, 32, 32]);
      expect(attribution.restNodes.map(({ op }) => op)).toEqual(['Pad', 'Pad']);
      const conversions = events.filter(({ kind }) => kind === 'quantize' || kind === 'dequantize');
      expect(conversions.filter(({ name }) => attribution.operators[name] === 0)).toEqual([]);
      expect(operators(executed).QLinearConv).toBeGreaterThan(0);
    }
  });
});
