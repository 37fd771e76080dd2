import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { prove } from '../../test/support/prove-equal.js';
import { runGraph } from '../../test/support/run-model.js';
import { buildModel, value } from '../graph/build.js';
import type { GraphEdit } from '../graph/edit.js';
import type { Model } from '../graph/model.js';
import { floats, ints, toNumbers } from '../kernel/tensor.js';
import { dropDead } from './drop-dead.js';
import { dropIdentities } from './drop-identities.js';
import { dropNoOps } from './drop-no-ops.js';
import { mergeChains } from './merge-chains.js';

function over(build: (edit: GraphEdit) => void): Model {
  return buildModel({ inputs: [value('x', 'float32', ['N', 3, 4])], outputs: [{ name: 'y' }] }, build);
}

describe('drop-no-ops', () => {
  it('takes out all that changes nothing', async () => {
    const model = over((edit) => {
      edit.constant('zero', floats([0], []));
      edit.constant('one', floats([1]));
      let last = edit.add({ op: 'Relu', inputs: ['x'] });
      last = edit.add({ op: 'Transpose', inputs: [last], attributes: { perm: [0, 1, 2] } });
      last = edit.add({ op: 'Cast', inputs: [last], attributes: { to: 1 } });
      last = edit.add({ op: 'Reshape', inputs: [last, edit.constant('same', ints([0, 3, -1]))] });
      last = edit.add({ op: 'Pad', inputs: [last, edit.constant('pads', ints([0, 0, 0, 0, 0, 0]))] });
      last = edit.add({ op: 'Concat', inputs: [last], attributes: { axis: 0 } });
      last = edit.add({ op: 'Add', inputs: ['zero', last] });
      last = edit.add({ op: 'Div', inputs: [last, 'one'] });
      last = edit.add({
        op: 'Slice',
        inputs: [last, edit.constant('from', ints([0])), edit.constant('to', ints([9])), 'axis'],
      });
      edit.setInitializer('axis', ints([1]));
      edit.add({ op: 'Neg', inputs: [last], outputs: ['y'] });
    });
    expect(await prove(model, dropNoOps)).toMatchObject({ apart: 0, changes: 8, ops: ['Relu', 'Neg'] });
  });

  it('keeps what only looks like it', async () => {
    const model = over((edit) => {
      const from = edit.constant('from', ints([-1]));
      const to = edit.constant('to', ints([-9]));
      let last = edit.add({ op: 'Slice', inputs: ['x', from, to, edit.constant('axis', ints([1])), from] });
      last = edit.add({ op: 'Mul', inputs: [last, edit.constant('wide', floats([1], [1, 1, 1, 1]))] });
      last = edit.add({ op: 'Sub', inputs: [edit.constant('zero', floats([0])), last] });
      last = edit.add({ op: 'Transpose', inputs: [last], attributes: { perm: [0, 1, 3, 2] } });
      edit.add({ op: 'Cast', inputs: [last], outputs: ['y'], attributes: { to: 11 } });
    });
    expect(await prove(model, dropNoOps)).toMatchObject({ apart: 0, changes: 0 });
  });
});

describe('drop-identities', () => {
  it('keeps the names of graph outputs, of which one may be an input', async () => {
    const model = buildModel(
      { inputs: [value('x', 'float32', [2])], outputs: [{ name: 'y' }, { name: 'z' }, { name: 'same' }] },
      (edit) => {
        const first = edit.add({ op: 'Identity', inputs: ['x'] });
        edit.add({ op: 'Relu', inputs: [first], outputs: ['h'] });
        edit.add({ op: 'Identity', inputs: ['h'], outputs: ['y'] });
        edit.add({ op: 'Neg', inputs: ['h'], outputs: ['z'] });
        edit.add({ op: 'Identity', inputs: ['x'], outputs: ['same'] });
      },
    );
    const { apart, changes, ops, notes, after } = await prove(model, dropIdentities);
    expect({ apart, changes, ops }).toEqual({ apart: 0, changes: 2, ops: ['Relu', 'Neg', 'Identity'] });
    expect(after.graph.outputs.map((output) => output.name)).toEqual(['y', 'z', 'same']);
    expect(notes).toHaveLength(1);
  });

  it('takes out Dropout in inference, and keeps one that trains or whose mask is read', async () => {
    const build = (training: boolean, mask: boolean) =>
      buildModel(
        { inputs: [value('x', 'float32', [2])], outputs: [{ name: 'y' }, ...(mask ? [{ name: 'm' }] : [])] },
        (edit) => {
          const flag = edit.constant('training', { dtype: 'bool', dims: [], bytes: Uint8Array.of(training ? 1 : 0) });
          const kept = edit.add({ op: 'Relu', inputs: ['x'] });
          const outputs = mask ? ['d', 'm'] : ['d'];
          edit.add({ op: 'Dropout', inputs: [kept, edit.constant('ratio', floats([0.5], [])), flag], outputs });
          edit.add({ op: 'Neg', inputs: ['d'], outputs: ['y'] });
        },
      );
    expect(await prove(build(false, false), dropIdentities)).toMatchObject({
      apart: 0,
      changes: 1,
      ops: ['Relu', 'Neg'],
    });
    expect((await dropIdentities.run(build(true, false))).changes).toBe(0);
    expect((await dropIdentities.run(build(false, true))).changes).toBe(0);
  });
});

describe('merge-chains', () => {
  it('composes transposes as their permutations', async () => {
    const permutation = fc.shuffledSubarray([0, 1, 2], { minLength: 3 });
    await fc.assert(
      fc.asyncProperty(permutation, permutation, async (first, second) => {
        const model = over((edit) => {
          const turned = edit.add({ op: 'Transpose', inputs: ['x'], attributes: { perm: first } });
          edit.add({ op: 'Transpose', inputs: [turned], outputs: ['y'], attributes: { perm: second } });
        });
        const { apart, changes, after } = await prove(model, mergeChains);
        expect({ apart, changes }).toEqual({ apart: 0, changes: 1 });
        expect((await dropDead.run(after)).model.graph.nodes).toHaveLength(1);
      }),
      { numRuns: 10, seed: 3 },
    );
  });

  it('merges reshapes, and casts that lose nothing', async () => {
    const model = over((edit) => {
      const flat = edit.add({ op: 'Reshape', inputs: ['x', edit.constant('flat', ints([-1]))] });
      const tall = edit.add({ op: 'Reshape', inputs: [flat, edit.constant('tall', ints([-1, 2]))] });
      const wide = edit.add({ op: 'Cast', inputs: [tall], attributes: { to: 11 } });
      const back = edit.add({ op: 'Cast', inputs: [wide], attributes: { to: 1 } });
      const whole = edit.add({ op: 'Cast', inputs: [back], attributes: { to: 7 } });
      edit.add({ op: 'Cast', inputs: [whole], outputs: ['y'], attributes: { to: 1 } });
    });
    const { apart, changes, after } = await prove(model, mergeChains);
    expect({ apart, changes }).toEqual({ apart: 0, changes: 3 });
    const { model: tidy } = await dropNoOps.run(after);
    const { model: left } = await dropDead.run(tidy);
    expect(left.graph.nodes.map((node) => node.op)).toEqual(['Reshape', 'Cast', 'Cast']);
    expect(toNumbers((await runGraph(left, { x: floats(new Array(12).fill(1.5), [1, 3, 4]) })).y)[0]).toBe(1);
  });
});
