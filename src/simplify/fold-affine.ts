import { attributes, floatAttribute, intAttribute } from '../graph/attributes.js';
import type { Node } from '../graph/model.js';
import { type DenseTensor, floats, isDense, type Tensor, tensor, toFloat32 } from '../kernel/tensor.js';
import { renameOutput, soleProducer } from './bypass.js';
import type { Outcome, Site } from './node-pass.js';

/** `y[c] = factor[c] * x[c] + offset[c]` for each channel c. */
export interface Affine {
  readonly factor: ArrayLike<number>;
  readonly offset: ArrayLike<number>;
}

/** Where the output channels of an operator lie in its weight. */
interface Layout {
  readonly channels: (weight: Tensor, node: Node) => number;
  /** The channel that a row of `inner` elements belongs to, rows counted along the axes up to the channel's. */
  readonly channelOf: (row: number, weight: Tensor, node: Node) => number;
  /** Elements of the weight that follow each other and share a channel. */
  readonly inner: (weight: Tensor, node: Node) => number;
}

const LAYOUTS: Readonly<Record<string, Layout>> = {
  Conv: alongAxis(() => 0),
  Gemm: alongAxis((node) => (intAttribute(node, 'transB', 0) ? 0 : 1)),
  // Of two matrices only: it becomes a Gemm, which has room for the offset.
  MatMul: alongAxis(() => 1),
  // [in, out / group, ...]: the group that an input channel lies in picks the output channels.
  ConvTranspose: {
    channels: (weight, node) => weight.dims[1] * intAttribute(node, 'group', 1),
    channelOf(row, weight, node) {
      const [inputs, outputs] = weight.dims;
      const group = Math.floor(Math.floor(row / outputs) / (inputs / intAttribute(node, 'group', 1)));
      return group * outputs + (row % outputs);
    },
    inner: (weight) => below(weight, 1),
  },
};

function alongAxis(axis: (node: Node) => number): Layout {
  return {
    channels: (weight, node) => weight.dims[axis(node)],
    channelOf: (row, weight, node) => row % weight.dims[axis(node)],
    inner: (weight, node) => below(weight, axis(node)),
  };
}

function below(weight: Tensor, axis: number): number {
  return weight.dims.slice(axis + 1).reduce((size, dim) => size * dim, 1);
}

interface Weights {
  readonly weight: DenseTensor;
  /** One number per output channel, zeros where the layer has no bias. */
  readonly bias: ArrayLike<number>;
}

/** The Conv, ConvTranspose, Gemm, or MatMul of two matrices, that makes `value`, if there is one. */
export function affineLayer(value: string, site: Site): Node | undefined {
  const layer = site.index.producer(value);
  if (layer?.domain !== '' || !LAYOUTS[layer.op]) return undefined;
  const isMatrix = (name: string) => site.shape(name)?.length === 2;
  return layer.op !== 'MatMul' || layer.inputs.every(isMatrix) ? layer : undefined;
}

/** Output channels of a layer with a constant weight. */
export function channelsOf(layer: Node, site: Site): number | undefined {
  const weight = site.constant(layer.inputs[1]);
  return weight && LAYOUTS[layer.op].channels(weight, layer);
}

/**
 * Folds an affine map that `node` applies to the channels of a layer's output into the layer's weight and bias,
 * computed in float64 and rounded once; the layer then makes what `node` made. Requires constant float32 weight and
 * bias, and that nothing else reads the layer's output.
 */
export function foldAffine(node: Node, layer: Node, affine: Affine, site: Site): Outcome {
  const value = layer.outputs[0];
  if (!soleProducer(value, node, site)) return { left: `the output of ${layer.name} has other readers` };
  const weights = weightsOf(layer, site);
  if (!weights) return { left: `${layer.name} has no constant float32 weight and bias` };
  if (affine.factor.length !== weights.bias.length) return { left: `its channels are not those of ${layer.name}` };
  const finite = [affine.factor, affine.offset].every((list) => Array.from(list).every(Number.isFinite));
  if (!finite) return { left: 'its scale or offset is not finite' };
  writeWeights(layer, scaled(layer, weights, affine), site);
  site.edit.remove(node.name);
  const updated = site.edit.node(layer.name);
  if (updated) renameOutput(updated, value, node.outputs[0], site);
  return 'rewritten';
}

function weightsOf(layer: Node, site: Site): Weights | undefined {
  const weight = site.constant(layer.inputs[1]);
  if (!weight || !isDense(weight) || weight.dtype !== 'float32') return undefined;
  const count = LAYOUTS[layer.op].channels(weight, layer);
  if (!layer.inputs[2]) return { weight, bias: new Float64Array(count) };
  const bias = site.constant(layer.inputs[2]);
  if (bias?.dtype !== 'float32') return undefined;
  const beta = layer.op === 'Gemm' ? floatAttribute(layer, 'beta', 1) : 1;
  const numbers = toFloat32(bias);
  // Gemm's C may be a scalar or a row; a whole matrix has no place in a bias.
  if (numbers.length === 1) return { weight, bias: new Float64Array(count).fill(beta * numbers[0]) };
  return numbers.length === count && bias.dims.at(-1) === count
    ? { weight, bias: numbers.map((item) => beta * item) }
    : undefined;
}

function scaled(layer: Node, { weight, bias }: Weights, { factor, offset }: Affine): Weights {
  const { channelOf, inner } = LAYOUTS[layer.op];
  const run = inner(weight, layer);
  const before = toFloat32(weight);
  const after = new Float32Array(before.length);
  for (let row = 0; row * run < before.length; row++) {
    const by = factor[channelOf(row, weight, layer)];
    for (let i = row * run; i < (row + 1) * run; i++) after[i] = before[i] * by;
  }
  const shifted = Float64Array.from(bias, (item, channel) => item * factor[channel] + offset[channel]);
  return { weight: tensor('float32', weight.dims, after), bias: shifted };
}

function writeWeights(layer: Node, { weight, bias }: Weights, site: Site): void {
  const [data, weightName, biasName] = layer.inputs;
  const inputs = [
    data,
    writeConstant(layer, weightName, weight, site),
    writeConstant(layer, biasName || `${layer.name}.bias`, floats(Array.from(bias)), site),
  ];
  const beta = layer.op === 'Gemm' ? attributes({ beta: { float: 1 } }) : [];
  const op = layer.op === 'MatMul' ? 'Gemm' : layer.op;
  site.edit.update(layer.name, { op, inputs, attributes: new Map([...layer.attributes, ...beta]) });
}

/** Under its own name where only this layer reads it; beside the old one where it is shared. */
function writeConstant(layer: Node, name: string, value: Tensor, site: Site): string {
  const readers = site.index.consumers(name);
  const own =
    readers.length === 1 &&
    readers[0].name === layer.name &&
    layer.inputs.filter((input) => input === name).length === 1;
  if (!own || site.index.isOutput(name)) return site.edit.constant(name, value);
  site.edit.setInitializer(name, value);
  return name;
}
