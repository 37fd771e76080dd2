import { attributes, intsAttribute } from '../graph/attributes.js';
import { smallNumbers } from '../graph/constants.js';
import type { Node } from '../graph/model.js';
import type { DType } from '../kernel/dtype.js';
import { nodePass, type Outcome, type Site } from './node-pass.js';

/**
 * Lets the second of two nodes in a row do the work of both: Transpose after Transpose, Reshape after Reshape (to a
 * constant shape without 0), Cast after a Cast that loses nothing. The first goes when nothing else reads it
 * (`drop-dead`); a pair that undoes itself becomes a no-op and goes with `drop-no-ops`.
 */
export const mergeChains = nodePass('merge-chains', {
  Transpose(node, site) {
    const first = before(node, site);
    const inner = first && intsAttribute(first, 'perm');
    const outer = intsAttribute(node, 'perm');
    if (!first || !inner || !outer) return 'no match';
    const perm = outer.map((axis) => inner[axis]);
    site.edit.update(node.name, { inputs: [first.inputs[0]], attributes: attributes({ perm }) });
    return 'rewritten';
  },
  Reshape(node, site) {
    const first = before(node, site);
    const target = smallNumbers(site.constant(node.inputs[1] ?? ''));
    if (!first || !target || target.includes(0)) return 'no match';
    return readFrom(node, first, site);
  },
  Cast(node, site) {
    const first = before(node, site);
    const [from, through] = first ? [site.dtype(first.inputs[0]), site.dtype(first.outputs[0])] : [];
    if (!first || !from || !through || (from !== through && !LOSSLESS[from]?.includes(through))) return 'no match';
    return readFrom(node, first, site);
  },
});

/** The node of the same operator that makes this node's input. */
function before(node: Node, site: Site): Node | undefined {
  const producer = site.index.producer(node.inputs[0]);
  return producer?.op === node.op && producer.domain === '' ? producer : undefined;
}

function readFrom(node: Node, first: Node, site: Site): Outcome {
  site.edit.setInput(node.name, 0, first.inputs[0]);
  return 'rewritten';
}

/** Types that hold every value of another type. */
const LOSSLESS: { readonly [D in DType]?: readonly DType[] } = {
  float16: ['float32', 'float64'],
  bfloat16: ['float32', 'float64'],
  float32: ['float64'],
  int8: ['int16', 'int32', 'int64', 'float16', 'float32', 'float64'],
  uint8: ['int16', 'int32', 'int64', 'uint16', 'uint32', 'uint64', 'float16', 'float32', 'float64'],
  int16: ['int32', 'int64', 'float32', 'float64'],
  uint16: ['int32', 'int64', 'uint32', 'uint64', 'float32', 'float64'],
  int32: ['int64', 'float64'],
  uint32: ['int64', 'uint64', 'float64'],
  bool: ['int8', 'uint8', 'int16', 'int32', 'int64', 'float16', 'float32', 'float64'],
};
