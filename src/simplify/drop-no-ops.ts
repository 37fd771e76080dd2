import { intsAttribute } from '../graph/attributes.js';
import { smallNumbers } from '../graph/constants.js';
import type { Node } from '../graph/model.js';
import { sameShape } from '../kernel/shape.js';
import { bypass } from './bypass.js';
import { type NodeRule, nodePass, type Site } from './node-pass.js';

/**
 * Takes out nodes that hand their input on as it is: Reshape, Flatten, Expand, Tile and Slice to the same shape,
 * Transpose in the given order, Cast to the same type, Pad by nothing, Concat, Sum, Max, Min and Mean of one input,
 * Add and Sub of 0, Mul and Div by 1. Shapes count as the same when every dimension is the same number or name.
 */
export const dropNoOps = nodePass('drop-no-ops', {
  Reshape: when(keepsShape),
  Flatten: when(keepsShape),
  Expand: when(keepsShape),
  Tile: when(keepsShape),
  Slice: when((node, site) => keepsShape(node, site) && stepsForward(node, site)),
  Transpose: when((node) => intsAttribute(node, 'perm')?.every((axis, i) => axis === i) ?? false),
  Cast: when(keepsType),
  Pad: when((node, site) => padding(node, site)?.every((pad) => pad === 0) ?? false),
  Concat: when(isSingle),
  Sum: when(isSingle),
  Max: when(isSingle),
  Min: when(isSingle),
  Mean: when(isSingle),
  Add: neutral(0, 'either side'),
  Sub: neutral(0, 'right side'),
  Mul: neutral(1, 'either side'),
  Div: neutral(1, 'right side'),
});

function when(holds: (node: Node, site: Site) => boolean): NodeRule {
  return (node, site) => (holds(node, site) ? bypass(node, node.inputs[0], site) : 'no match');
}

function keepsShape(node: Node, site: Site): boolean {
  const before = site.shape(node.inputs[0]);
  const after = site.shape(node.outputs[0]);
  if (!before || !after || before.includes(null)) return false;
  return sameShape(before, after);
}

function keepsType(node: Node, site: Site): boolean {
  const before = site.dtype(node.inputs[0]);
  return before !== undefined && before === site.dtype(node.outputs[0]);
}

/** A slice of the whole axis backwards has the same shape as well. */
function stepsForward(node: Node, site: Site): boolean {
  const steps = node.inputs[4];
  return !steps || (smallNumbers(site.constant(steps))?.every((step) => step === 1) ?? false);
}

function padding(node: Node, site: Site): readonly number[] | undefined {
  return intsAttribute(node, 'pads') ?? smallNumbers(site.constant(node.inputs[1] ?? ''));
}

function isSingle(node: Node): boolean {
  return node.inputs.length === 1;
}

/** A scalar constant that changes neither values nor shape nor type. */
function neutral(element: number, side: 'either side' | 'right side'): NodeRule {
  return (node, site) => {
    for (const position of side === 'either side' ? [1, 0] : [1]) {
      const other = node.inputs[1 - position];
      const numbers = smallNumbers(site.constant(node.inputs[position]), 1);
      if (numbers?.[0] === element && keepsShape({ ...node, inputs: [other] }, site)) return bypass(node, other, site);
    }
    return 'no match';
  };
}
