import { attributes, floatAttribute, intAttribute, intsAttribute, stringAttribute } from '../graph/attributes.js';
import { smallNumbers } from '../graph/constants.js';
import type { Node } from '../graph/model.js';
import { type NodeRule, nodePass, type Outcome, type Site } from './node-pass.js';

/**
 * Moves a constant Pad of spatial axes into the Conv or pool that reads it; the Pad goes when nothing else does.
 * Conv pads with 0. AveragePool counts the padding then, so it must not have had uncounted padding of its own, nor
 * round its size up. MaxPool pads with minus infinity, which 0 stands for only where no value is negative.
 */
export const foldPads = nodePass('fold-pads', {
  Conv: into((pad) => (pad.value === 0 ? {} : { left: 'its input is padded with a value other than 0' })),
  AveragePool: into((pad, node) => {
    const own = intsAttribute(node, 'pads') ?? [];
    const uncounted = intAttribute(node, 'count_include_pad', 0) === 0 && own.some((item) => item > 0);
    if (uncounted) return { left: 'its own padding does not count' };
    if (intAttribute(node, 'ceil_mode', 0) === 1) return { left: 'it rounds its size up' };
    return pad.value === 0 ? { count_include_pad: 1 } : { left: 'its input is padded with a value other than 0' };
  }),
  MaxPool: into((pad, _, site) => {
    if (pad.value === Number.NEGATIVE_INFINITY) return {};
    const safe = pad.value === 0 && isNonNegative(pad.node.inputs[0], site);
    return safe ? {} : { left: 'its input is padded with a value that may be a maximum' };
  }),
});

interface ConstantPad {
  readonly node: Node;
  readonly value: number;
  /** Begins, then ends, of the spatial axes. */
  readonly pads: readonly number[];
}

type Extra = Readonly<Record<string, number>> | { readonly left: string };

function into(allow: (pad: ConstantPad, node: Node, site: Site) => Extra): NodeRule {
  return (node, site): Outcome => {
    const pad = constantPad(node.inputs[0], site);
    if (!pad) return 'no match';
    const extra = allow(pad, node, site);
    if ('left' in extra && typeof extra.left === 'string') return { left: extra.left };
    if (stringAttribute(node, 'auto_pad', 'NOTSET') !== 'NOTSET') return { left: 'it pads by itself (auto_pad)' };
    const own = intsAttribute(node, 'pads') ?? pad.pads.map(() => 0);
    const pads = own.map((item, i) => item + pad.pads[i]);
    if (!fitsKernel(node, pads)) return { left: 'the padding would be as wide as the window' };
    const changed = new Map([...node.attributes, ...attributes({ pads, ...extra })]);
    site.edit.update(node.name, { inputs: node.inputs.with(0, pad.node.inputs[0]), attributes: changed });
    return 'rewritten';
  };
}

/** ONNX Runtime refuses pools with padding that a whole window fits into. */
function fitsKernel(node: Node, pads: readonly number[]): boolean {
  const kernel = intsAttribute(node, 'kernel_shape') ?? [];
  return node.op === 'Conv' || pads.every((pad, i) => pad < kernel[i % kernel.length]);
}

function constantPad(value: string, site: Site): ConstantPad | undefined {
  const node = site.index.producer(value);
  if (node?.op !== 'Pad' || node.domain !== '' || stringAttribute(node, 'mode', 'constant') !== 'constant')
    return undefined;
  const rank = site.shape(node.inputs[0])?.length;
  const pads = rank === undefined ? undefined : padsOf(node, rank, site);
  const fill = node.inputs[2] ? smallNumbers(site.constant(node.inputs[2]), 1)?.[0] : floatAttribute(node, 'value', 0);
  if (!pads || fill === undefined || rank === undefined) return undefined;
  const outer = [...pads.slice(0, 2), ...pads.slice(rank, rank + 2)];
  if (outer.some((pad) => pad !== 0) || pads.some((pad) => pad < 0)) return undefined;
  return { node, value: fill, pads: [...pads.slice(2, rank), ...pads.slice(rank + 2)] };
}

/** Begins, then ends, of all axes. */
function padsOf(node: Node, rank: number, site: Site): readonly number[] | undefined {
  const pads = intsAttribute(node, 'pads') ?? smallNumbers(site.constant(node.inputs[1] ?? ''));
  if (!node.inputs[3]) return pads;
  const axes = smallNumbers(site.constant(node.inputs[3]));
  if (!pads || !axes) return undefined;
  const all = new Array<number>(2 * rank).fill(0);
  axes.forEach((axis, i) => {
    const at = axis < 0 ? axis + rank : axis;
    all[at] = pads[i];
    all[at + rank] = pads[i + axes.length];
  });
  return all;
}

function isNonNegative(value: string, site: Site): boolean {
  const producer = site.index.producer(value);
  if (!producer) return false;
  if (producer.op === 'Relu' || producer.op === 'Sigmoid') return true;
  const low = producer.inputs[1]
    ? smallNumbers(site.constant(producer.inputs[1]), 1)?.[0]
    : floatAttribute(producer, 'min', -1);
  return producer.op === 'Clip' && low !== undefined && low >= 0;
}
