import { floatAttribute } from '../graph/attributes.js';
import type { Node } from '../graph/model.js';
import { type Tensor, toNumbers } from '../kernel/tensor.js';
import { type Affine, affineLayer, foldAffine } from './fold-affine.js';
import { nodePass, type Site } from './node-pass.js';

/**
 * Folds BatchNormalization into the Conv, ConvTranspose, Gemm or MatMul of two matrices before it: W' = W s / sqrt(var + eps),
 * b' = (b - mean) s / sqrt(var + eps) + B per output channel. Requires constant parameters and inference mode. Not
 * where other nodes read the layer's output, nor where something stands between the two.
 */
export const foldBatchNorm = nodePass('fold-batch-norm', {
  BatchNormalization(node, site) {
    const layer = affineLayer(node.inputs[0], site);
    if (!layer) return { left: 'no Conv, ConvTranspose, Gemm or MatMul before it' };
    if (node.outputs.slice(1).some(Boolean)) return { left: 'it runs in training mode' };
    const affine = affineOf(node, site);
    if (!affine) return { left: 'its parameters are not constant' };
    return foldAffine(node, layer, affine, site);
  },
});

function affineOf(node: Node, site: Site): Affine | undefined {
  const parameters = node.inputs.slice(1, 5).map((name) => site.constant(name));
  if (!parameters.every((item): item is Tensor => item !== undefined && item.dims.length === 1)) return undefined;
  const [scale, bias, mean, variance] = parameters.map(toNumbers);
  const epsilon = floatAttribute(node, 'epsilon', 1e-5);
  const factor = Float64Array.from(scale, (item, c) => item / Math.sqrt(variance[c] + epsilon));
  return { factor, offset: factor.map((item, c) => bias[c] - mean[c] * item) };
}
