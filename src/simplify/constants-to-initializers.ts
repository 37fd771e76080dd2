import type { Attribute, Node } from '../graph/model.js';
import { floats, type Tensor, tensor } from '../kernel/tensor.js';
import { nodePass } from './node-pass.js';

/**
 * Replaces Constant by an initializer of the same name. Not where the constant is a graph output, is sparse, or takes
 * its value from the attribute of a function.
 */
export const constantsToInitializers = nodePass('constants-to-initializers', {
  Constant(node, { edit, index }) {
    const [output] = node.outputs;
    if (index.isOutput(output)) return { left: `${output} is a graph output` };
    const value = constantValue(node);
    if (!value) return { left: `a constant of kind ${[...node.attributes.keys()].join(', ')}` };
    edit.remove(node.name);
    edit.setInitializer(output, value);
    return 'rewritten';
  },
});

function constantValue(node: Node): Tensor | undefined {
  const [attribute] = node.attributes.values();
  return attribute && fromAttribute(attribute);
}

function fromAttribute(attribute: Attribute): Tensor | undefined {
  switch (attribute.kind) {
    case 'tensor':
      return attribute.value;
    case 'float':
      return floats([attribute.value], []);
    case 'floats':
      return floats(attribute.value);
    case 'int':
      return tensor('int64', [], BigInt64Array.of(attribute.value));
    case 'ints':
      return tensor('int64', [attribute.value.length], BigInt64Array.from(attribute.value));
    case 'string':
      return { dtype: 'string', dims: [], strings: [attribute.value] };
    case 'strings':
      return { dtype: 'string', dims: [attribute.value.length], strings: attribute.value };
    default:
      return undefined;
  }
}
