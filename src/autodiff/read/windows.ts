import { intAttribute, intsAttribute, stringAttribute } from '../../graph/attributes.js';
import type { Node } from '../../graph/model.js';
import type { PoolGeometry } from '../primitives.js';

/** The sizes that a sliding window goes over and those that it makes. */
export interface Slide {
  readonly kernel: readonly number[];
  readonly from: readonly number[];
  readonly to: readonly number[];
}

/**
 * The window of a Conv or pool with pads in numbers. Those at the end are as wide as the last window reaches, so that
 * rounding down gives as many windows as the node has, whichever way it rounds itself.
 */
export function windowOf(node: Node, { kernel, from, to }: Slide): PoolGeometry {
  const { strides, dilations } = stepsOf(node, kernel);
  const stated = statedPads(node, { kernel, from, to });
  const ends = kernel.map((size, i) => {
    const needed = (to[i] - 1) * strides[i] + (size - 1) * dilations[i] + 1 - from[i] - stated[i];
    return Math.min(Math.max(stated[i + kernel.length], needed), Math.max(needed + strides[i] - 1, 0));
  });
  return { kernel, strides, dilations, pads: [...stated.slice(0, kernel.length), ...ends] };
}

export function stepsOf(node: Node, kernel: readonly number[]): Pick<PoolGeometry, 'strides' | 'dilations'> {
  const ones = kernel.map(() => 1);
  return {
    strides: intsAttribute(node, 'strides') ?? ones,
    dilations: intsAttribute(node, 'dilations') ?? ones,
  };
}

/** The pads that the node asks for: all begins, then all ends. */
export function statedPads(node: Node, { kernel, from, to }: Slide): readonly number[] {
  const auto = stringAttribute(node, 'auto_pad', 'NOTSET');
  const none = [...kernel, ...kernel].map(() => 0);
  if (auto === 'VALID') return none;
  if (!auto.startsWith('SAME')) return intsAttribute(node, 'pads') ?? none;
  const { strides, dilations } = stepsOf(node, kernel);
  const totals = kernel.map((size, i) =>
    Math.max(0, (to[i] - 1) * strides[i] + (size - 1) * dilations[i] + 1 - from[i]),
  );
  const [more, less] = [totals.map((total) => Math.ceil(total / 2)), totals.map((total) => Math.floor(total / 2))];
  return auto === 'SAME_LOWER' ? [...more, ...less] : [...less, ...more];
}

export function groupOf(node: Node): number {
  return intAttribute(node, 'group', 1);
}
