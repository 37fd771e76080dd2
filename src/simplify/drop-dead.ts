import { GraphEdit } from '../graph/edit.js';
import type { Graph, Model } from '../graph/model.js';
import { capturedValues } from '../graph/subgraphs.js';
import { type Pass, unchanged } from './pass.js';

/** Removes nodes and initializers that no output depends on. Graph inputs stay, read or not. */
export const dropDead: Pass = {
  name: 'drop-dead',
  run(model: Model) {
    const read = readValues(model.graph);
    const edit = new GraphEdit(model.graph);
    let changes = 0;
    for (const node of model.graph.nodes) {
      if (node.outputs.some((output) => read.has(output))) continue;
      edit.remove(node.name);
      changes++;
    }
    const inputs = new Set(model.graph.inputs.map((input) => input.name));
    for (const name of model.graph.initializers.keys()) {
      if (read.has(name) || inputs.has(name)) continue;
      edit.removeInitializer(name);
      changes++;
    }
    return changes === 0 ? unchanged(model) : { model: { ...model, graph: edit.finish() }, changes, notes: [] };
  },
};

/** Values that the outputs depend on: nodes stand in topological order, so one walk from the end finds them all. */
function readValues(graph: Graph): ReadonlySet<string> {
  const read = new Set(graph.outputs.map((output) => output.name));
  for (const node of graph.nodes.toReversed()) {
    if (!node.outputs.some((output) => read.has(output))) continue;
    for (const input of [...node.inputs, ...capturedValues(node)]) if (input) read.add(input);
  }
  return read;
}
