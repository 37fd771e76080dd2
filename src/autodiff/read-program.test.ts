import { describe, expect, it } from 'vitest';
import { noise } from '../../test/support/prove-equal.js';
import { readBack } from '../../test/support/read-back.js';
import { runModel } from '../../test/support/run-model.js';
import { buildModel, value } from '../graph/build.js';
import type { GraphEdit } from '../graph/edit.js';
import type { Model } from '../graph/model.js';
import { floats, ints } from '../kernel/tensor.js';
import { readProgram } from './read-program.js';

function modelOf(build: (edit: GraphEdit) => void): Model {
  const inputs = [value('x', 'float32', ['N', 4]), value('z', 'float32', ['N', 4])];
  return buildModel({ inputs, outputs: [{ name: 'y' }] }, build);
}

const FEEDS = { x: noise([3, 4], 1), z: noise([3, 4], 2) };

const sum = modelOf((edit) => edit.add({ op: 'Add', inputs: ['x', 'z'], outputs: ['y'] }));

describe('readProgram', () => {
  it('knows inputs, weights and values by the names of the model', async () => {
    const model = modelOf((edit) => {
      const [p, q] = ['p', 'q'].map((name) => edit.constant(name, floats([1, 1, 1, 1])));
      edit.add({ op: 'Mul', inputs: ['x', p], outputs: ['m'] });
      edit.add({ op: 'Mul', inputs: ['z', q], outputs: ['n'] });
      edit.add({ op: 'Add', inputs: ['m', 'n'], outputs: ['y'] });
    });
    const { values, outputs, constants } = await readProgram(model, { feeds: FEEDS });
    expect([...values.keys()].sort()).toEqual(['m', 'n', 'p', 'q', 'x', 'y', 'z']);
    expect(values.get('p')?.name).not.toBe(values.get('q')?.name);
    expect([...constants.keys()].sort()).toEqual(['p', 'q']);
    expect(outputs.get('y')).toMatchObject({ shape: [3, 4] });
  });

  it('takes a scalar for a number unless it is said to be a weight', async () => {
    const model = modelOf((edit) => {
      edit.add({ op: 'Mul', inputs: ['x', edit.constant('one', floats([1], []))], outputs: ['m'] });
      edit.add({ op: 'Add', inputs: ['m', 'z'], outputs: ['y'] });
    });
    const plain = await readProgram(model, { feeds: FEEDS });
    expect(plain.values.has('one')).toBe(false);
    expect(plain.equations.map(({ op }) => op)).toEqual(['Add']);
    const learned = await readProgram(model, { feeds: FEEDS, scalarWeights: ['one'] });
    expect(learned.values.has('one')).toBe(true);
    expect(learned.equations.map(({ op }) => op)).toEqual(['Mul', 'Add']);
  });

  it('counts shapes out', async () => {
    const model = modelOf((edit) => {
      const size = edit.add({ op: 'Shape', inputs: ['x'] });
      const rows = edit.add({ op: 'Gather', inputs: [size, edit.constant('at', ints([0], []))] });
      const shape = edit.add({ op: 'Unsqueeze', inputs: [rows, edit.constant('axes', ints([0]))] });
      const whole = edit.add({
        op: 'Concat',
        inputs: [shape, edit.constant('rest', ints([2, 2]))],
        attributes: { axis: 0 },
      });
      const folded = edit.add({ op: 'Reshape', inputs: ['x', whole] });
      const factor = edit.add({ op: 'Cast', inputs: [rows], attributes: { to: 1 } });
      edit.add({ op: 'Mul', inputs: [folded, factor], outputs: ['y'] });
    });
    const program = await readProgram(model, { feeds: FEEDS });
    expect(program.equations.map(({ op }) => op)).toEqual(['Reshape', 'Mul']);
    expect((await readBack(model, FEEDS)).apart).toBe(0);
  });

  it('sees in a run what the shape rules leave open', async () => {
    const model = modelOf((edit) => {
      const places = edit.add({ op: 'NonZero', inputs: ['x'] });
      const count = edit.add({ op: 'Shape', inputs: [places] });
      const shape = edit.add({
        op: 'Slice',
        inputs: [count, edit.constant('i', ints([1])), edit.constant('j', ints([2]))],
      });
      const flat = edit.add({ op: 'Reshape', inputs: ['z', shape] });
      edit.add({ op: 'Identity', inputs: [flat], outputs: ['y'] });
    });
    await expect(readProgram(model, { feeds: FEEDS })).rejects.toMatchObject({ code: 'not-fixed' });
    const program = await readProgram(model, { feeds: FEEDS, run: runModel });
    expect(program.outputs.get('y')).toMatchObject({ shape: [12] });
  });

  it('carries along what it has no reading for', async () => {
    const model = modelOf((edit) => {
      const least = edit.add({ op: 'Clip', inputs: ['x', '', edit.constant('high', floats([0.5], []))] });
      const turned = edit.add({ op: 'Atan', inputs: [least] });
      edit.add({ op: 'Add', inputs: [turned, 'z'], outputs: ['y'] });
    });
    expect(await readBack(model, FEEDS)).toEqual({ carried: ['Atan'], apart: 0 });
  });

  it('names every input that is missing, unknown or of another type or shape', async () => {
    await expect(readProgram(sum, { feeds: { y: FEEDS.x } })).rejects.toMatchObject({
      problems: [
        { code: 'unknown-input', place: { tensor: 'y' } },
        { code: 'not-fixed', place: { tensor: 'x' } },
        { code: 'not-fixed', place: { tensor: 'z' } },
      ],
    });
    await expect(readProgram(sum, { feeds: { ...FEEDS, z: noise([2, 4]) } })).rejects.toThrow('[N,4]');
    await expect(readProgram(sum, { feeds: { ...FEEDS, z: ints([1], [1, 1]) } })).rejects.toThrow('float32');
  });

  it('names every node that has a body of its own', async () => {
    const branch = { kind: 'graph', value: { ...sum.graph, inputs: [] } } as const;
    const model = modelOf((edit) => {
      const test = edit.add({ op: 'Equal', inputs: ['x', 'z'] });
      const attributes = { then_branch: branch, else_branch: branch };
      edit.add({ op: 'If', name: 'choice', inputs: [test], outputs: ['y'], attributes });
    });
    const problems = [{ code: 'not-a-program', place: { node: 'choice', op: 'If' } }];
    await expect(readProgram(model, { feeds: FEEDS })).rejects.toMatchObject({ problems });
  });
});
