import { describe, expect, it } from 'vitest';
import { addConv, ortCpu, smallModel } from '../../test/plans.js';
import type { Model } from '../graph/model.js';
import { network } from '../quantize/network.js';
import { eventsOf } from './events.js';
import { sizesFor } from './sizes.js';

/** conv1 - Relu - conv2, and a second branch from the Relu; both meet in an Add. */
function branching(): Model {
  return smallModel([1, 4, 8, 8], (edit) => {
    const first = addConv(edit, { from: 'x', channels: [4, 4], name: 'conv1' });
    edit.add({ op: 'Relu', name: 'relu', inputs: [first], outputs: ['r'] });
    const left = addConv(edit, { from: 'r', channels: [4, 4], name: 'conv2', kernel: 1 });
    const right = addConv(edit, { from: 'r', channels: [4, 4], name: 'conv3', kernel: 1 });
    edit.add({ op: 'Add', name: 'add', inputs: [left, right], outputs: ['y'] });
    return 'y';
  });
}

function namesFor(formats: Readonly<Record<string, 'float' | 'w8a8'>>): readonly string[] {
  return eventsOf(network(branching(), ortCpu), formats)
    .filter(({ kind }) => kind !== 'unit')
    .map(({ name }) => name);
}

describe('the events of a plan', () => {
  it('hold no boundary in float', () => {
    expect(namesFor({ conv1: 'float', conv2: 'float', conv3: 'float' })).toEqual([
      'follower relu float',
      'follower add float',
    ]);
  });

  it('share one conversion to integers among all its readers', () => {
    const names = namesFor({ conv1: 'float', conv2: 'w8a8', conv3: 'w8a8' });
    expect(names.filter((name) => name.startsWith('quantize'))).toEqual(['quantize r']);
  });

  it('give each float unit behind stored integers a conversion of its own', () => {
    const names = namesFor({ conv1: 'w8a8', conv2: 'float', conv3: 'float' });
    expect(names).toEqual([
      'quantize x',
      'follower relu int8',
      'dequantize r for conv2',
      'dequantize r for conv3',
      'follower add float',
    ]);
  });

  it('convert for a float follower what integer kernels store', () => {
    const net = network(branching(), ortCpu);
    const stored = net.units.slice(1).map(({ output }) => `dequantize ${output}`);
    const names = namesFor({ conv1: 'w8a8', conv2: 'w8a8', conv3: 'w8a8' });
    expect(names.filter((name) => name.startsWith('dequantize'))).toEqual(stored);
  });

  it('count multiply-accumulates of units and elements of values', () => {
    const model = branching();
    const net = network(model, ortCpu);
    const events = eventsOf(
      net,
      { conv1: 'float', conv2: 'w8a8', conv3: 'float' },
      sizesFor(model, { x: [1, 4, 8, 8] }),
    );
    const elements = Object.fromEntries(events.map((event) => [event.name, event.elements]));
    expect(elements).toMatchObject({
      'unit conv1 float': 4 * 64 * 4 * 9,
      'unit conv2 w8a8': 4 * 64 * 4,
      'follower add float': 4 * 64,
      'quantize r': 4 * 64,
    });
  });

  it('know units of one shape by it', () => {
    const model = branching();
    const sizes = sizesFor(model, { x: [1, 4, 8, 8] });
    const events = eventsOf(network(model, ortCpu), { conv1: 'float', conv2: 'float', conv3: 'float' }, sizes);
    const [first, second, third] = events.filter(({ kind }) => kind === 'unit').map(({ shape }) => shape);
    expect(second).toBe(third);
    expect(first).not.toBe(second);
  });
});
