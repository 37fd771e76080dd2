import type { Node } from '../graph/model.js';
import { scalarOf } from '../kernel/tensor.js';
import { bypass } from './bypass.js';
import { nodePass, type Site } from './node-pass.js';

/**
 * Takes out Identity, and Dropout as it is in inference. Not a Dropout whose mask is read or that is told to train, and
 * not an Identity between a graph input and a graph output.
 */
export const dropIdentities = nodePass('drop-identities', {
  Identity: (node, site) => bypass(node, node.inputs[0], site),
  Dropout(node, site) {
    const [, mask] = node.outputs;
    if (mask && (site.index.consumers(mask).length > 0 || site.index.isOutput(mask)))
      return { left: 'its mask is read' };
    if (mayTrain(node, site)) return { left: 'it may run in training mode' };
    return bypass(node, node.inputs[0], site);
  },
});

function mayTrain(node: Node, site: Site): boolean {
  const [, , training] = node.inputs;
  if (!training) return false;
  const value = site.constant(training);
  return value === undefined || scalarOf(value) !== 0;
}
