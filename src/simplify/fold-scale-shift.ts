import type { Node } from '../graph/model.js';
import { elementCount, isDense, type Tensor, toNumbers } from '../kernel/tensor.js';
import { type Affine, affineLayer, channelsOf, foldAffine } from './fold-affine.js';
import { type NodeRule, nodePass, type Site } from './node-pass.js';

/**
 * Folds Mul, Div, Add and Sub of a constant per output channel into the Conv, ConvTranspose or Gemm before: a
 * BatchNormalization that an exporter wrote out, and biases that stand apart. Not scalars: those belong to patterns
 * such as Gelu, HardSigmoid and attention that ONNX Runtime knows.
 */
export const foldScaleShift = nodePass('fold-scale-shift', {
  Mul: channelwise((c) => ({ factor: c, offset: zeros(c) })),
  Div: channelwise((c) => ({ factor: c.map((item) => 1 / item), offset: zeros(c) }), 'second'),
  Add: channelwise((c) => ({ factor: zeros(c).fill(1), offset: c })),
  Sub: channelwise((c) => ({ factor: zeros(c).fill(1), offset: c.map((item) => -item) }), 'second'),
});

function channelwise(affine: (constant: Float64Array) => Affine, constantIs: 'either' | 'second' = 'either'): NodeRule {
  return (node, site) => {
    for (const position of constantIs === 'either' ? [1, 0] : [1]) {
      const layer = affineLayer(node.inputs[1 - position], site);
      const constant = layer && perChannel(layer, site.constant(node.inputs[position]), site);
      if (layer && constant) return foldAffine(node, layer, affine(constant), site);
    }
    return 'no match';
  };
}

/** The constant's elements, if they lie along the channel axis of what the layer makes and every other axis is 1. */
function perChannel(layer: Node, constant: Tensor | undefined, site: Site): Float64Array | undefined {
  const channels = channelsOf(layer, site);
  const rank = site.shape(layer.outputs[0])?.length;
  if (!constant || !isDense(constant) || channels === undefined || rank === undefined) return undefined;
  if (channels === 1 || elementCount(constant) !== channels || constant.dims.length > rank) return undefined;
  const axisFromEnd = /Gemm|MatMul/.test(layer.op) ? 1 : rank - 1;
  if (constant.dims.at(-axisFromEnd) !== channels || constant.dims.length < axisFromEnd) return undefined;
  return Float64Array.from(toNumbers(constant));
}

function zeros(like: Float64Array): Float64Array {
  return new Float64Array(like.length);
}
