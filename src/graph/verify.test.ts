import { describe, expect, it } from 'vitest';
import { BitloomError } from '../kernel/errors.js';
import { floats } from '../kernel/tensor.js';
import { attributes } from './attributes.js';
import { buildModel, value } from './build.js';
import type { Graph, Model, Node } from './model.js';
import { assertValid, verifyModel } from './verify.js';

function chain(): Model {
  return buildModel({ inputs: [value('x', 'float32', [2])], outputs: [value('z', 'float32', [2])] }, (edit) => {
    edit.constant('two', floats([2]));
    edit.add({ name: 'double', op: 'Mul', inputs: ['x', 'two'], outputs: ['y'] });
    edit.add({ name: 'relu', op: 'Relu', inputs: ['y'], outputs: ['z'] });
  });
}

function withNodes(model: Model, change: (nodes: readonly Node[]) => readonly Node[]): Model {
  return { ...model, graph: { ...model.graph, nodes: change(model.graph.nodes) } };
}

function codes(model: Model): readonly string[] {
  return verifyModel(model).map((problem) => problem.code);
}

describe('verifyModel', () => {
  it('finds nothing wrong with a sound model', () => {
    expect(verifyModel(chain())).toEqual([]);
  });

  it.each([
    ['undefined-value', (model: Model) => withNodes(model, ([a, b]) => [a, { ...b, inputs: ['nowhere'] }])],
    ['out-of-order', (model: Model) => withNodes(model, ([a, b]) => [b, a])],
    ['two-producers', (model: Model) => withNodes(model, ([a, b]) => [a, { ...a, name: 'again' }, b])],
    ['duplicate-node', (model: Model) => withNodes(model, ([a, b]) => [a, { ...b, name: a.name }])],
    ['output-not-made', (model: Model) => withNodes(model, ([a, b]) => [a, { ...b, outputs: ['other'] }])],
    ['dangling-node', (model: Model) => withNodes(model, ([a, b]) => [a, b, { ...b, name: 'idle', outputs: [''] }])],
    ['missing-opset', (model: Model) => withNodes(model, ([a, b]) => [a, { ...b, domain: 'com.example' }])],
  ])('names %s', (code, spoil) => {
    expect(codes(spoil(chain()))).toEqual([code]);
  });

  it('finds an input listed twice', () => {
    const model = chain();
    const inputs = [...model.graph.inputs, ...model.graph.inputs];
    expect(codes({ ...model, graph: { ...model.graph, inputs } })).toEqual(['duplicate-input']);
  });

  it('looks into subgraphs: captured values must be known there', () => {
    const sound = branching('x');
    expect(verifyModel(sound)).toEqual([]);
    const [first] = verifyModel(branching('lost'));
    expect(first).toMatchObject({ code: 'undefined-value', place: { node: 'inner', tensor: 'lost' } });
    expect(first.message).toContain('choose');
  });
});

function branching(captured: string): Model {
  const branch = (name: string): Graph => ({
    name,
    inputs: [],
    outputs: [{ name: `${name}_out` }],
    nodes: [
      { name: 'inner', op: 'Neg', domain: '', inputs: [captured], outputs: [`${name}_out`], attributes: new Map() },
    ],
    initializers: new Map(),
    sparseInitializers: new Map(),
    types: new Map(),
  });
  return buildModel(
    {
      inputs: [value('x', 'float32', [2]), value('test', 'bool', [])],
      outputs: [value('z', 'float32', [2])],
    },
    (edit) => {
      const graphs = {
        then_branch: { kind: 'graph', value: branch('yes') },
        else_branch: { kind: 'graph', value: branch('no') },
      } as const;
      edit.add({ name: 'choose', op: 'If', inputs: ['test'], outputs: ['z'], attributes: graphs });
    },
  );
}

describe('assertValid', () => {
  it('names the pass, the node and the passes before it', () => {
    const broken = withNodes(chain(), ([a, b]) => [a, { ...b, inputs: ['nowhere'], attributes: attributes({}) }]);
    expect(() => assertValid(broken, { pass: 'fold', before: ['drop', 'merge'] })).toThrow(BitloomError);
    expect(() => assertValid(broken, { pass: 'fold', before: ['drop', 'merge'] })).toThrow(
      /node relu \(Relu\).*after pass fold[\s\S]*drop, merge/,
    );
    expect(() => assertValid(chain(), { pass: 'fold', before: [] })).not.toThrow();
  });
});
