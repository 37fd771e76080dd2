import { describe, expect, it } from 'vitest';
import { floats } from '../kernel/tensor.js';
import { editGraph } from './edit.js';
import { indexGraph } from './index-graph.js';
import type { Graph } from './model.js';

const EMPTY: Graph = {
  name: 'test',
  inputs: [{ name: 'x' }],
  outputs: [{ name: 'y' }],
  nodes: [],
  initializers: new Map(),
  sparseInitializers: new Map(),
  types: new Map(),
};

/** y = Relu(x + w) */
function small(): Graph {
  return editGraph(EMPTY, (edit) => {
    const w = edit.constant('w', floats([1]));
    const sum = edit.add({ op: 'Add', inputs: ['x', w] });
    edit.add({ op: 'Relu', inputs: [sum], outputs: ['y'] });
  });
}

describe('GraphEdit', () => {
  it('sorts nodes that were added out of order', () => {
    const graph = editGraph(small(), (edit) => {
      const moved = edit.add({ op: 'Neg', inputs: ['x'] });
      edit.setInput('Add', 0, moved);
    });
    expect(graph.nodes.map((node) => node.op)).toEqual(['Neg', 'Add', 'Relu']);
  });

  it('never takes a name twice', () => {
    const graph = editGraph(small(), (edit) => {
      edit.add({ op: 'Add', inputs: ['x', 'x'] });
      edit.constant('w', floats([2]));
    });
    expect(graph.nodes.map((node) => node.name)).toEqual(['Add', 'Relu', 'Add_2']);
    expect([...graph.initializers.keys()]).toEqual(['w', 'w_2']);
  });

  it('leaves the graph that it started from alone', () => {
    const before = small();
    editGraph(before, (edit) => edit.remove('Relu'));
    expect(before.nodes).toHaveLength(2);
  });

  it('refuses a cycle and names a node on it', () => {
    expect(() => editGraph(small(), (edit) => edit.setInput('Add', 0, 'y'))).toThrow(/cycle/);
  });
});

describe('indexGraph', () => {
  it('counts a value that a subgraph captures as read by the node that holds it', () => {
    const branch: Graph = { ...EMPTY, inputs: [], outputs: [{ name: 'b' }], nodes: [] };
    const body = editGraph(branch, (edit) => edit.add({ op: 'Neg', inputs: ['captured'], outputs: ['b'] }));
    const graph = editGraph(EMPTY, (edit) => {
      edit.add({ op: 'Abs', inputs: ['x'], outputs: ['captured'] });
      edit.add({
        op: 'If',
        inputs: ['x'],
        outputs: ['y'],
        attributes: { then_branch: { kind: 'graph', value: body } },
      });
    });
    expect(
      indexGraph(graph)
        .consumers('captured')
        .map((node) => node.op),
    ).toEqual(['If']);
  });
});
