import { intAttribute } from '../graph/attributes.js';
import type { Node } from '../graph/model.js';
import type { Shape } from '../kernel/shape.js';
import { ints } from '../kernel/tensor.js';
import { nodePass, type Site } from './node-pass.js';

/**
 * Gives a Reshape whose target is computed from the shape of its input (Shape, Gather, Concat ...) a constant target:
 * 0 copies a dimension from the same place, -1 stands for at most one other that varies. What computed the target goes
 * with `drop-dead`. Not where two dimensions vary in other places, nor with `allowzero`. Tensors with elements only:
 * -1 has no meaning where another dimension is 0.
 */
export const settleReshapes = nodePass('settle-reshapes', {
  Reshape(node, site) {
    const [data, target] = node.inputs;
    const shape = site.shape(data);
    const wanted = site.contents(target);
    if (site.constant(target) || !shape || !wanted || intAttribute(node, 'allowzero', 0) === 1) return 'no match';
    const settled = settle(wanted, shape);
    if (!settled) return { left: 'more than one dimension of its target varies' };
    site.edit.setInput(node.name, 1, targetOf(node, settled, site));
    return 'rewritten';
  },
});

function settle(wanted: Shape, shape: Shape): readonly number[] | undefined {
  const target = wanted.map((dim, axis) => {
    if (typeof dim === 'number') return dim;
    return dim !== null && dim === shape[axis] ? 0 : -1;
  });
  return target.filter((dim) => dim === -1).length <= 1 ? target : undefined;
}

function targetOf(node: Node, target: readonly number[], site: Site): string {
  return site.edit.constant(`${node.name}_shape`, ints(target));
}
