import type { Node } from '../graph/model.js';
import { soleProducer } from './bypass.js';
import { nodePass, type Site } from './node-pass.js';

/**
 * Writes MatMul + Add of a constant bias as one Gemm, where both operands of the MatMul are matrices: there Gemm has
 * the faster kernels, float and int8. Not for batches of matrices, which Gemm cannot multiply and which ONNX Runtime
 * looks for in attention, nor where something else reads the product.
 */
export const matMulAddToGemm = nodePass('matmul-add-to-gemm', {
  Add(node, site) {
    for (const position of [0, 1]) {
      const product = soleProducer(node.inputs[position], node, site);
      const bias = node.inputs[1 - position];
      if (product?.op !== 'MatMul' || product.domain !== '' || !areMatrices(product, site)) continue;
      if (!isRow(bias, product, site)) return { left: `${bias} is not a constant row` };
      site.edit.remove(node.name);
      site.edit.update(product.name, { op: 'Gemm', inputs: [...product.inputs, bias], outputs: node.outputs });
      return 'rewritten';
    }
    return 'no match';
  },
});

function areMatrices(product: Node, site: Site): boolean {
  const weight = site.constant(product.inputs[1]);
  return weight?.dtype === 'float32' && product.inputs.every((input) => site.shape(input)?.length === 2);
}

/** One number per column, so that it broadcasts over the rows and the result has the product's shape. */
function isRow(bias: string, product: Node, site: Site): boolean {
  const columns = site.shape(product.inputs[1])?.[1];
  const dims = site.constant(bias)?.dims;
  if (!dims || site.dtype(bias) !== 'float32') return false;
  return dims.at(-1) === columns && (dims.length === 1 || (dims.length === 2 && dims[0] === 1));
}
