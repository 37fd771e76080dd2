import { existsSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ortCpu } from '../../test/plans.js';
import { ladders, modelOf, randomFormats, recipes } from '../../test/random-graphs.js';
import { runModel } from '../../test/support/run-model.js';
import { loadModel } from '../graph/from-onnx.js';
import type { Model } from '../graph/model.js';
import { random } from '../kernel/random.js';
import type { Formats } from '../quantize/followers.js';
import type { Format } from '../quantize/formats.js';
import { type Network, network } from '../quantize/network.js';
import { simplify } from '../simplify/simplify.js';
import { type Circuit, circuitOf, eventsIn } from './circuit.js';
import { eventsOf } from './events.js';

const REAL = [
  'resnet50-imagenet',
  'mobilenetv2-imagenet',
  'resnet20-cifar10',
  'bert-mini-sst2',
  'minilm-l6-sst2/onnx/model',
];

describe('the circuit of a network', () => {
  it('has the events of every plan of random graphs', () => {
    const seeds = fc.array(fc.nat(), { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(recipes, seeds, (recipe, some) => {
        const model = modelOf(recipe);
        const net = network(model, ortCpu);
        const circuit = circuitOf(net, Object.fromEntries(ladders(model, ortCpu)));
        for (const seed of some) expectSame(net, circuit, randomFormats(model, ortCpu, random(seed).below));
      }),
      { numRuns: 300, seed: 5 },
    );
  });

  it('knows that a graph output is read as floats', () => {
    const model = modelOf({ image: [], matrix: ['gemm', 'move', 'gemm'], outputs: [1] });
    const net = network(model, ortCpu);
    const circuit = circuitOf(net, Object.fromEntries(ladders(model, ortCpu)));
    expect(model.graph.outputs).toHaveLength(2);
    expectSame(net, circuit, Object.fromEntries(net.units.map(({ name }) => [name, 'w8a8'])));
  });

  it('refers to earlier gates only', () => {
    fc.assert(
      fc.property(recipes, (recipe) => {
        const model = modelOf(recipe);
        const { gates } = circuitOf(network(model, ortCpu), Object.fromEntries(ladders(model, ortCpu)));
        gates.forEach((gate, i) => {
          const inputs = 'and' in gate ? gate.and : 'or' in gate ? gate.or : 'not' in gate ? [gate.not] : [];
          expect(inputs.every((input) => input < i)).toBe(true);
        });
      }),
      { numRuns: 40, seed: 6 },
    );
  });

  it.each(REAL.filter((name) => existsSync(pathOf(name))))('has the events of random plans of %s', async (name) => {
    const { model } = await simplify(await loadModel(pathOf(name)), { evaluate: runModel });
    const net = network(model, ortCpu);
    const two = twoFormats(model);
    const circuit = circuitOf(net, Object.fromEntries(two));
    const source = random(7);
    for (const rate of [0, 0.1, 0.3, 0.5, 0.8, 0.95, 1]) {
      const choice = new Map(
        [...two].map(([group, ladder]) => [group, ladder[source.uniform() < rate ? ladder.length - 1 : 0]]),
      );
      expectSame(
        net,
        circuit,
        Object.fromEntries(net.units.map((unit) => [unit.name, choice.get(unit.group) ?? 'float'])),
      );
    }
  });
});

function pathOf(name: string): string {
  return `../shared/models/${name}.onnx`;
}

function twoFormats(model: Model): ReadonlyMap<string, readonly Format[]> {
  return new Map([...ladders(model, ortCpu)].map(([group, all]) => [group, all.slice(0, 2)]));
}

function expectSame(net: Network, circuit: Circuit, formats: Formats): void {
  const byItem = Object.fromEntries(net.units.map((unit) => [unit.group, formats[unit.name]]));
  const names = (events: readonly { readonly name: string }[]) => events.map(({ name }) => name).sort();
  expect(names(eventsIn(circuit, byItem))).toEqual(names(eventsOf(net, formats)));
}
