import type { Product } from '../families.js';
import type { ConvGeometry } from '../primitives.js';
import type { Term } from '../program.js';
import type { Attributes } from './node-writer.js';
import type { WriteSite, WriteTable } from './rule.js';

/** What is left of the products once `inFastForms` has seen the program. */
export type WrittenProduct = Exclude<Product, 'ConvWeight'>;

export const PRODUCT_WRITE: WriteTable<WrittenProduct> = {
  MatMul: (site) => multiply(site),
  Conv: ({ w, x, y, inputs: [, weight], params }) =>
    w.last('Conv', x, y, { ...geometry(params), kernel_shape: weight.shape.slice(2) }),
  ConvInput: ({ w, x, y, inputs: [ct, weight], params }) =>
    w.last('ConvTranspose', x, y, {
      ...geometry(params),
      kernel_shape: weight.shape.slice(2),
      output_padding: outputPadding(ct, weight, params),
    }),
};

/** ONNX Runtime's optimizer merges the transpositions of the last two axes into the product. */
function multiply({ w, x, y, inputs, params: { transA, transB } }: WriteSite<'MatMul'>): void {
  const operands = [transA, transB].map((transposed, i) =>
    transposed ? w.step('Transpose', [x[i]], { perm: lastSwapped(inputs[i].shape.length) }) : x[i],
  );
  w.last('MatMul', operands, y);
}

function lastSwapped(rank: number): readonly number[] {
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  return [...axes.slice(0, -2), rank - 1, rank - 2];
}

function geometry({ strides, dilations, pads, group }: ConvGeometry): Attributes {
  return { strides, dilations, pads, group };
}

/** What a stride left over at the end of each axis of the convolution's input. */
function outputPadding(
  y: Term,
  weight: Term,
  { spatial, strides, dilations, pads }: ConvGeometry & { readonly spatial: readonly number[] },
): readonly number[] {
  return spatial.map((size, i) => {
    const reach = (weight.shape[i + 2] - 1) * dilations[i] + 1;
    return size + pads[i] + pads[i + spatial.length] - reach - (y.shape[i + 2] - 1) * strides[i];
  });
}
