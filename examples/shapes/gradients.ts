import type { GraphEdit } from '../../src/graph/edit.js';
import { floats, ints } from '../../src/kernel/tensor.js';
import { type ConvSpec, convAttributes, EPSILON, type Feature } from './layers.js';

/** Emits nodes of one gradient; `batch` is the fixed number of images that the graph trains on at once. */
export interface Tape {
  readonly edit: GraphEdit;
  readonly batch: number;
}

const FEATURE_AXES = [0, 2, 3];

/** dL/dx of y = conv(x, w): the transposed convolution of dL/dy, padded at its end where the stride left a rest. */
export function convInputGradient(
  { edit }: Tape,
  gradient: string,
  x: Feature,
  weight: string,
  spec: ConvSpec,
): string {
  const rest = (size: number) => (size - 1) % (spec.stride ?? 1);
  const output_padding = [rest(x.height), rest(x.width)];
  const attributes = { ...convAttributes(spec), output_padding };
  return edit.add({ op: 'ConvTranspose', inputs: [gradient, weight], attributes });
}

/**
 * dL/dw of y = conv(x, w): a convolution whose batch and channels change places, x its input and dL/dy its kernel,
 * dilated by the stride. Per group g: input [in/g, g*N, H, W], kernel [out, N, H', W'], result [in/g, out, k, k].
 */
export function convWeightGradient(tape: Tape, gradient: string, x: Feature, y: Feature, spec: ConvSpec): string {
  const { kernel, stride = 1, groups = 1 } = spec;
  if (kernel === 1 && stride === 1) return pointwiseWeightGradient(tape, gradient, x, y);
  const { edit, batch } = tape;
  const perGroup = x.channels / groups;
  const grouped = reshape(edit, x.name, [batch, groups, perGroup, x.height, x.width]);
  const turned = edit.add({ op: 'Transpose', inputs: [grouped], attributes: { perm: [2, 1, 0, 3, 4] } });
  const input = reshape(edit, turned, [perGroup, groups * batch, x.height, x.width]);
  const filter = edit.add({ op: 'Transpose', inputs: [gradient], attributes: { perm: [1, 0, 2, 3] } });
  const pad = (kernel - 1) / 2;
  const attributes = { group: groups, dilations: [stride, stride], pads: [pad, pad, pad, pad] };
  const full = edit.add({ op: 'Conv', inputs: [input, filter], attributes });
  const cropped = crop(edit, full, kernel);
  return edit.add({ op: 'Transpose', inputs: [cropped], attributes: { perm: [1, 0, 2, 3] } });
}

/** The same for a 1x1 kernel, as one matrix product an image: a convolution with a single output would be slow. */
function pointwiseWeightGradient({ edit, batch }: Tape, gradient: string, x: Feature, y: Feature): string {
  const rows = reshape(edit, gradient, [batch, y.channels, y.height * y.width]);
  const columns = reshape(edit, x.name, [batch, x.channels, x.height * x.width]);
  const turned = edit.add({ op: 'Transpose', inputs: [columns], attributes: { perm: [0, 2, 1] } });
  const each = edit.add({ op: 'MatMul', inputs: [rows, turned] });
  const total = edit.add({ op: 'ReduceSum', inputs: [each, axes(edit, [0])], attributes: { keepdims: 0 } });
  return reshape(edit, total, [y.channels, x.channels, 1, 1]);
}

export interface BatchNormForward {
  readonly output: string;
  /** Statistics of this batch, [C]. */
  readonly mean: string;
  readonly variance: string;
  /** What the gradient reads again: (x - mean) / deviation, and 1 / deviation as [1, C, 1, 1]. */
  readonly standard: string;
  readonly inverse: string;
}

/** Normalizes by the statistics of the batch itself. */
export function batchNormForward({ edit }: Tape, x: Feature, scale: string, shift: string): BatchNormForward {
  const mean = average(edit, x.name);
  const centred = edit.add({ op: 'Sub', inputs: [x.name, mean] });
  const variance = average(edit, edit.add({ op: 'Mul', inputs: [centred, centred] }));
  const safe = edit.add({ op: 'Add', inputs: [variance, edit.constant('epsilon', floats([EPSILON]))] });
  const inverse = edit.add({ op: 'Reciprocal', inputs: [edit.add({ op: 'Sqrt', inputs: [safe] })] });
  const standard = edit.add({ op: 'Mul', inputs: [centred, inverse] });
  const scaled = edit.add({ op: 'Mul', inputs: [standard, perChannel(edit, scale, x)] });
  const output = edit.add({ op: 'Add', inputs: [scaled, perChannel(edit, shift, x)] });
  const flat = (name: string) => reshape(edit, name, [x.channels]);
  return { output, mean: flat(mean), variance: flat(variance), standard, inverse };
}

/** Ioffe and Szegedy 2015 (arXiv 1502.03167): dL/dx = scale / deviation * (g - mean g - standard * mean(g * standard)). */
export function batchNormGradients(
  { edit }: Tape,
  gradient: string,
  x: Feature,
  scale: string,
  saved: BatchNormForward,
) {
  const { standard, inverse } = saved;
  const weighted = edit.add({ op: 'Mul', inputs: [gradient, standard] });
  const sum = (name: string, keepdims: 0 | 1) =>
    edit.add({ op: 'ReduceSum', inputs: [name, axes(edit, FEATURE_AXES)], attributes: { keepdims } });
  const along = edit.add({ op: 'Mul', inputs: [standard, average(edit, weighted)] });
  const level = edit.add({ op: 'Sub', inputs: [gradient, average(edit, gradient)] });
  const rest = edit.add({ op: 'Sub', inputs: [level, along] });
  const factor = edit.add({ op: 'Mul', inputs: [perChannel(edit, scale, x), inverse] });
  const input = edit.add({ op: 'Mul', inputs: [rest, factor] });
  return { input, scale: sum(weighted, 0), shift: sum(gradient, 0) };
}

/** g where the output is above 0. */
export function reluGradient({ edit }: Tape, gradient: string, output: string): string {
  return edit.add({ op: 'Mul', inputs: [gradient, edit.add({ op: 'Sign', inputs: [output] })] });
}

/** g where the output is strictly between 0 and 6: there y (6 - y) is positive, elsewhere 0. */
export function relu6Gradient({ edit }: Tape, gradient: string, output: string): string {
  const below = edit.add({ op: 'Sub', inputs: [edit.constant('six', floats([6])), output] });
  const product = edit.add({ op: 'Mul', inputs: [output, below] });
  return edit.add({ op: 'Mul', inputs: [gradient, edit.add({ op: 'Sign', inputs: [product] })] });
}

/** Every position gets an equal share of g [N, C, 1, 1]. */
export function globalAverageGradient({ edit, batch }: Tape, gradient: string, x: Feature): string {
  const share = edit.constant('share', floats([1 / (x.height * x.width)]));
  const shared = edit.add({ op: 'Mul', inputs: [gradient, share] });
  const shape = edit.constant('shape', ints([batch, x.channels, x.height, x.width]));
  return edit.add({ op: 'Expand', inputs: [shared, shape] });
}

/** Of y = x W + b, x [N, in] given flat: dL/dx [N, in, 1, 1], dL/dW = x' g, dL/db = sum of g. */
export function linearGradients(tape: Tape, gradient: string, x: Feature, flat: string, weight: string) {
  const { edit, batch } = tape;
  const turn = (name: string) => edit.add({ op: 'Transpose', inputs: [name], attributes: { perm: [1, 0] } });
  const input = edit.add({ op: 'MatMul', inputs: [gradient, turn(weight)] });
  return {
    input: reshape(edit, input, [batch, x.channels, 1, 1]),
    weight: edit.add({ op: 'MatMul', inputs: [turn(flat), gradient] }),
    bias: edit.add({ op: 'ReduceSum', inputs: [gradient, axes(edit, [0])], attributes: { keepdims: 0 } }),
  };
}

/** Mean cross-entropy between softmax(logits) and `targets`, both [N, classes]; its gradient is (p - targets) / N. */
export function crossEntropy({ edit, batch }: Tape, logits: string, targets: string) {
  const logs = edit.add({ op: 'LogSoftmax', inputs: [logits], attributes: { axis: 1 } });
  const picked = edit.add({ op: 'Mul', inputs: [logs, targets] });
  const total = edit.add({ op: 'ReduceSum', inputs: [picked], attributes: { keepdims: 0 } });
  const loss = edit.add({ op: 'Mul', inputs: [total, edit.constant('minusShare', floats([-1 / batch], []))] });
  const probabilities = edit.add({ op: 'Softmax', inputs: [logits], attributes: { axis: 1 } });
  const rest = edit.add({ op: 'Sub', inputs: [probabilities, targets] });
  const gradient = edit.add({ op: 'Mul', inputs: [rest, edit.constant('share', floats([1 / batch], []))] });
  return { loss, gradient };
}

export function reshape(edit: GraphEdit, value: string, dims: readonly number[]): string {
  return edit.add({ op: 'Reshape', inputs: [value, edit.constant('shape', ints(dims))] });
}

function axes(edit: GraphEdit, values: readonly number[]): string {
  return edit.constant('axes', ints(values));
}

function average(edit: GraphEdit, value: string): string {
  return edit.add({ op: 'ReduceMean', inputs: [value, axes(edit, FEATURE_AXES)], attributes: { keepdims: 1 } });
}

function perChannel(edit: GraphEdit, value: string, x: Feature): string {
  return reshape(edit, value, [1, x.channels, 1, 1]);
}

/** The first `size` rows and columns: a strided convolution that leaves a rest gives its gradient rows too many. */
function crop(edit: GraphEdit, value: string, size: number): string {
  const bounds = [ints([0, 0]), ints([size, size]), ints([2, 3])];
  return edit.add({ op: 'Slice', inputs: [value, ...bounds.map((bound) => edit.constant('bound', bound))] });
}
