import { intAttribute, intsAttribute, stringAttribute } from '../../src/graph/attributes.js';
import type { GraphEdit } from '../../src/graph/edit.js';
import type { Node } from '../../src/graph/model.js';
import { sizeOf } from '../../src/kernel/shape.js';
import { fromNumbers, ints } from '../../src/kernel/tensor.js';
import type { DoubleRule, DoubleSite } from './double-rule.js';

/** A sliding window: which input position each of its places reads at each output position. */
interface Window {
  readonly spatial: readonly number[];
  readonly kernel: readonly number[];
  readonly output: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly pads: readonly number[];
}

/** The input position along one axis; outside of [0, size) where the window reads padding. */
type Reading = (axis: number, output: number, kernel: number) => number;

/** Gather of every window, then one batched MatMul (im2col). */
export const convolution: DoubleRule = (site) => {
  const [x, w] = site.node.inputs;
  const [channels, ...kernel] = site.shape(w).slice(1);
  const window = windowOf(site, kernel);
  const group = intAttribute(site.node, 'group', 1);
  const features = site.shape(w)[0];
  const columns = unfolded(site, x, group, indices(window, forwards(window)));
  const matrix = reshaped(site.edit, w, [1, group, features / group, channels * sizeOf(kernel)]);
  return products(site, matrix, columns, features);
};

/** The same with windows that read where the stride divides, and the weight of each group transposed. */
export const transposedConvolution: DoubleRule = (site) => {
  const [x, w] = site.node.inputs;
  const [channels, perGroup, ...kernel] = site.shape(w);
  const window = windowOf(site, kernel);
  const group = intAttribute(site.node, 'group', 1);
  const inputs = channels / group;
  const columns = unfolded(site, x, group, indices(window, backwards(window)));
  const split = reshaped(site.edit, w, [group, inputs, perGroup, sizeOf(kernel)]);
  const swapped = site.edit.add({ op: 'Transpose', inputs: [split], attributes: { perm: [0, 2, 1, 3] } });
  const matrix = reshaped(site.edit, swapped, [1, group, perGroup, inputs * sizeOf(kernel)]);
  return products(site, matrix, columns, group * perGroup);
};

/** Sum of every window over the number of places that count. */
export const averagePool: DoubleRule = (site) => {
  const { edit, node } = site;
  const kernel = intsAttribute(node, 'kernel_shape') ?? [];
  const window = windowOf(site, kernel);
  const [batch, channels, ...spatial] = site.shape(node.inputs[0]);
  const index = indices(window, forwards(window));
  const whole = reshaped(edit, node.inputs[0], [batch, channels, sizeOf(spatial)]);
  const places = edit.add({
    op: 'Reshape',
    inputs: [
      gathered(edit, whole, 2, index),
      edit.constant('shape', ints([batch, channels, sizeOf(kernel), sizeOf(window.output)])),
    ],
  });
  const sums = edit.add({ op: 'ReduceSum', inputs: [places, edit.constant('axes', ints([2]))] });
  const counts = countedPlaces(index, sizeOf(window.output), sizeOf(spatial), site.node, window);
  const divisor = edit.constant('counts', fromNumbers('float64', [counts.length], counts));
  const means = edit.add({ op: 'Div', inputs: [sums, divisor] });
  return reshaped(edit, means, [batch, channels, ...window.output]);
};

export const globalAveragePool: DoubleRule = (site) => overSpatialAxes(site, 'ReduceMean');
export const globalMaxPool: DoubleRule = (site) => overSpatialAxes(site, 'ReduceMax');

function overSpatialAxes({ edit, node, shape }: DoubleSite, op: 'ReduceMean' | 'ReduceMax'): string {
  const axes = shape(node.inputs[0])
    .map((_, axis) => axis)
    .slice(2);
  return edit.add({ op, inputs: [node.inputs[0], edit.constant('axes', ints(axes))] });
}

/** [N, C, ...] -> [N, group, C/group * kernel, output]; what lies outside reads 0. */
function unfolded(site: DoubleSite, x: string, group: number, index: readonly number[]): string {
  const [batch, channels, ...spatial] = site.shape(x);
  const flat = reshaped(site.edit, x, [batch, group, channels / group, sizeOf(spatial)]);
  const all = gathered(site.edit, flat, 3, index);
  const outputs = sizeOf(site.shape(site.node.outputs[0]).slice(2));
  return reshaped(site.edit, all, [batch, group, (channels / group) * (index.length / outputs), outputs]);
}

/** Entries of the last axis; the index one past its end reads 0. */
function gathered(edit: GraphEdit, x: string, axis: number, index: readonly number[]): string {
  const pads = Array.from({ length: 2 * (axis + 1) }, (_, i) => (i === 2 * axis + 1 ? 1 : 0));
  const longer = edit.add({ op: 'Pad', inputs: [x, edit.constant('pads', ints(pads))] });
  return edit.add({ op: 'Gather', inputs: [longer, edit.constant('index', ints(index))], attributes: { axis } });
}

/** Weights [1, group, K/group, C/group * kernel] times columns, plus the bias. */
function products({ edit, node, shape }: DoubleSite, matrix: string, columns: string, features: number): string {
  const [batch, , ...output] = shape(node.outputs[0]);
  const y = reshaped(edit, edit.add({ op: 'MatMul', inputs: [matrix, columns] }), [batch, features, ...output]);
  if (!node.inputs[2]) return y;
  const bias = reshaped(edit, node.inputs[2], [features, ...output.map(() => 1)]);
  return edit.add({ op: 'Add', inputs: [y, bias] });
}

function reshaped(edit: GraphEdit, x: string, shape: readonly number[]): string {
  return edit.add({ op: 'Reshape', inputs: [x, edit.constant('shape', ints(shape))] });
}

/** For each place of the kernel, for each output position: the flat input position, or the number of inputs if none. */
function indices({ spatial, kernel, output }: Window, reading: Reading): readonly number[] {
  const outside = sizeOf(spatial);
  return positions(kernel).flatMap((k) =>
    positions(output).map((o) => {
      const at = o.map((position, axis) => reading(axis, position, k[axis]));
      const inside = at.every(
        (position, axis) => Number.isInteger(position) && position >= 0 && position < spatial[axis],
      );
      return inside ? at.reduce((flat, position, axis) => flat * spatial[axis] + position, 0) : outside;
    }),
  );
}

function positions(sizes: readonly number[]): readonly (readonly number[])[] {
  return sizes.reduce<readonly (readonly number[])[]>(
    (found, size) => found.flatMap((head) => Array.from({ length: size }, (_, i) => [...head, i])),
    [[]],
  );
}

function forwards({ strides, dilations, pads }: Window): Reading {
  return (axis, output, kernel) => output * strides[axis] + kernel * dilations[axis] - pads[axis];
}

function backwards({ strides, dilations, pads }: Window): Reading {
  return (axis, output, kernel) => (output + pads[axis] - kernel * dilations[axis]) / strides[axis];
}

/** Places that count for each output position: those inside, or with `count_include_pad` those in stated padding too. */
function countedPlaces(
  index: readonly number[],
  outputs: number,
  outside: number,
  node: Node,
  window: Window,
): readonly number[] {
  const padded = intAttribute(node, 'count_include_pad', 0) === 1;
  const within = padded
    ? indices(paddedWindow(window), forwards({ ...window, pads: window.pads.map(() => 0) }))
    : index;
  const end = padded ? sizeOf(paddedWindow(window).spatial) : outside;
  const counts = new Array<number>(outputs).fill(0);
  within.forEach((position, i) => {
    if (position !== end) counts[i % outputs]++;
  });
  return counts;
}

function paddedWindow(window: Window): Window {
  const { spatial, pads } = window;
  return { ...window, spatial: spatial.map((size, axis) => size + pads[axis] + pads[axis + spatial.length]) };
}

function windowOf(site: DoubleSite, kernel: readonly number[]): Window {
  const { node } = site;
  if (stringAttribute(node, 'auto_pad', 'NOTSET') !== 'NOTSET') throw new RangeError(`${node.name} pads by itself`);
  const ones = kernel.map(() => 1);
  return {
    kernel,
    spatial: site.shape(node.inputs[0]).slice(2),
    output: site.shape(node.outputs[0]).slice(2),
    strides: intsAttribute(node, 'strides') ?? ones,
    dilations: intsAttribute(node, 'dilations') ?? ones,
    pads: intsAttribute(node, 'pads') ?? [...ones, ...ones].map(() => 0),
  };
}
