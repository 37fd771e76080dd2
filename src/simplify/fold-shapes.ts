import { GraphEdit } from '../graph/edit.js';
import type { Model, Node } from '../graph/model.js';
import type { Known } from '../graph/shape-rules/rule.js';
import { isStatic } from '../kernel/shape.js';
import { fromNumbers, type Tensor } from '../kernel/tensor.js';
import { factsOf } from './node-pass.js';
import { type Pass, unchanged } from './pass.js';

/**
 * Replaces integer values that follow from static dimensions by initializers: Shape, and the Gather, Concat, Mul ...
 * that compute with it, even where the tensor that Shape looks at is not constant. Not graph outputs.
 */
export const foldShapes: Pass = {
  name: 'fold-shapes',
  run(model: Model) {
    const facts = factsOf(model);
    const outputs = new Set(model.graph.outputs.map((output) => output.name));
    const edit = new GraphEdit(model.graph);
    let changes = 0;
    for (const node of model.graph.nodes) {
      const value = node.outputs.length === 1 && !outputs.has(node.outputs[0]) ? settled(node, facts) : undefined;
      if (!value) continue;
      edit.remove(node.name);
      edit.setInitializer(node.outputs[0], value);
      changes++;
    }
    return changes === 0 ? unchanged(model) : { model: { ...model, graph: edit.finish() }, changes, notes: [] };
  },
};

function settled(node: Node, facts: ReadonlyMap<string, Known>): Tensor | undefined {
  const { dtype, shape, contents } = facts.get(node.outputs[0]) ?? {};
  if (dtype !== 'int64' && dtype !== 'int32') return undefined;
  if (!shape || !contents || !isStatic(shape) || !isStatic(contents)) return undefined;
  const count = shape.reduce((size, dim) => size * dim, 1);
  return count === contents.length ? fromNumbers(dtype, shape, contents) : undefined;
}
