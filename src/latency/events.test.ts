import { describe, expect, it } from 'vitest';
import { addConv } from '../../test/plans.js';
import { buildModel, value } from '../graph/build.js';
import type { Formats } from '../quantize/followers.js';
import { network } from '../quantize/network.js';
import { eventsOf } from './events.js';
import { loadTarget } from './load-target.js';

/** A convolution, a pool behind it, and two convolutions that read the pool. */
const model = buildModel(
  {
    inputs: [value('x', 'float32', [1, 3, 8, 8])],
    outputs: [value('y', 'float32', [1, 8, 4, 4]), value('z', 'float32', [1, 8, 4, 4])],
  },
  (edit) => {
    const stem = addConv(edit, { from: 'x', channels: [3, 8], seed: 1, name: 'stem' });
    const attributes = { kernel_shape: [2, 2], strides: [2, 2] };
    const pool = edit.add({ op: 'MaxPool', name: 'pool', inputs: [stem], attributes });
    for (const [name, output] of [
      ['left', 'y'],
      ['right', 'z'],
    ]) {
      const from = addConv(edit, { from: pool, channels: [8, 8], seed: 2, name });
      edit.add({ op: 'Identity', inputs: [from], outputs: [output] });
    }
  },
);
const net = network(model, loadTarget('ort-cpu'));

function pooling(formats: Formats): readonly string[] {
  return eventsOf(net, formats)
    .map(({ name }) => name)
    .filter((name) => name.startsWith('follower pool'));
}

describe('a follower that keeps its scale', () => {
  it('runs on integers where its output is quantized for all who read it: the runtime moves the QuantizeLinear', () => {
    expect(pooling({ stem: 'float', left: 'w8a8', right: 'w8a8' })).toEqual(['follower pool moved']);
  });

  it('stays in float where someone reads floats, and is carried behind a unit that stores integers', () => {
    expect(pooling({ stem: 'float', left: 'w8a8', right: 'float' })).toEqual(['follower pool float']);
    expect(pooling({ stem: 'w8a8', left: 'w8a8', right: 'w8a8' })).toEqual(['follower pool int8']);
  });
});
