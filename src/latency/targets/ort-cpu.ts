import type { FollowerRule, KernelRule } from '../../quantize/rules.js';
import type { Target } from '../target.js';

/** Convolutions in float: fused with their activation, or in a blocked layout (com.microsoft.nchwc). */
const FLOAT_CONV = ['Conv', 'FusedConv'];
/** MatMul + Add becomes Gemm; scales and transposes are fused in; whole attention blocks may become one operator. */
const FLOAT_MATMUL = ['MatMul', 'FusedMatMul', 'Gemm', 'FusedGemm', 'Attention', 'MultiHeadAttention'];
const FLOAT_GEMM = ['Gemm', 'FusedGemm', 'MatMul', 'FusedMatMul'];
const DYNAMIC = ['DynamicQuantizeMatMul', 'MatMulIntegerToFloat'];

const float = (kernels: readonly string[]): KernelRule => ({ compute: 'float', output: 'float', kernels });
const stored = (...kernels: string[]): KernelRule => ({ compute: 'integer', output: 'quantized', kernels });
const either = (...kernels: string[]): KernelRule => ({ compute: 'integer', output: 'either', kernels });

const same = (kernel: string): FollowerRule => ({ scale: 'same', inputs: 'first', kernel });
const own = (kernel: string, inputs: FollowerRule['inputs'] = 'first'): FollowerRule => ({
  scale: 'own',
  inputs,
  kernel,
});
const fused: FollowerRule = { scale: 'fused', inputs: 'first', kernel: '' };

/** Widths that no kernel of ONNX Runtime multiplies on a CPU: operands are dequantized and the float kernel runs. */
const wide = (kernels: readonly string[]) => ({
  w4a16: float(kernels),
  w8a16: float(kernels),
  w16a16: float(kernels),
});

/** ONNX Runtime on a CPU (x64 with VNNI measured; docs/adr/0061). */
export const ortCpu: Target = {
  name: 'ort-cpu',
  runtime: 'onnxruntime',
  provider: 'cpu',
  ladder: {
    Conv: ['float', 'w8a8'],
    ConvTranspose: ['float'],
    Gemm: ['float', 'w8a8-dynamic', 'w8a8'],
    MatMul: ['float', 'w4', 'w8a8', 'w8a8-dynamic'],
  },
  // In an encoder of 6 layers int8 attention products won no time: 1.01 (.998 .. 1.01) of float ones (docs/adr/0081).
  products: ['float'],
  emulated: ['f16', 'w4a4', 'w4a8', 'w4a16', 'w8a16', 'w16a16', 'w4', 'w8'],
  kernels: {
    Conv: {
      float: float(FLOAT_CONV),
      f16: float(FLOAT_CONV),
      w8a8: stored('QLinearConv'),
      w4a8: stored('QLinearConv'),
      w4a4: stored('QLinearConv'),
      ...wide(FLOAT_CONV),
    },
    ConvTranspose: { float: float(['ConvTranspose']), f16: float(['ConvTranspose']) },
    Gemm: {
      float: float(FLOAT_GEMM),
      f16: float(FLOAT_GEMM),
      w8a8: either('QGemm'),
      w4a8: either('QGemm'),
      w4a4: either('QGemm'),
      'w8a8-dynamic': float(DYNAMIC),
      w4: float(['MatMulNBits']),
      w8: float(['MatMulNBits']),
      ...wide(FLOAT_GEMM),
    },
    MatMul: {
      float: float(FLOAT_MATMUL),
      f16: float(FLOAT_MATMUL),
      w8a8: either('QLinearMatMul', 'MatMulIntegerToFloat'),
      w4a8: either('QLinearMatMul', 'MatMulIntegerToFloat'),
      w4a4: either('QLinearMatMul', 'MatMulIntegerToFloat'),
      'w8a8-dynamic': float(DYNAMIC),
      w4: float(['MatMulNBits']),
      w8: float(['MatMulNBits']),
      ...wide(FLOAT_MATMUL),
    },
  },
  lacks: {
    Conv: 'ONNX Runtime has no kernel of this format for a convolution on a CPU',
    ConvTranspose: 'ONNX Runtime has no integer kernel for a transposed convolution on a CPU',
    Gemm: 'ONNX Runtime has no kernel of this format for a matrix product on a CPU',
    MatMul: 'ONNX Runtime has no kernel of this format for a matrix product on a CPU',
  },
  followerBits: 8,
  followers: {
    Relu: fused,
    Clip: fused,
    Add: own('QLinearAdd', 'all'),
    Mul: own('QLinearMul', 'all'),
    Concat: own('QLinearConcat', 'all'),
    AveragePool: own('QLinearAveragePool'),
    GlobalAveragePool: own('QLinearGlobalAveragePool'),
    Sigmoid: own('QLinearSigmoid'),
    LeakyRelu: own('QLinearLeakyRelu'),
    Softmax: own('QLinearSoftmax'),
    MaxPool: same('MaxPool'),
    Reshape: same('Reshape'),
    Transpose: same('Transpose'),
    Squeeze: same('Squeeze'),
    Unsqueeze: same('Unsqueeze'),
    Flatten: same('Flatten'),
    Resize: same('Resize'),
    Slice: same('Slice'),
    Gather: same('Gather'),
    Split: same('Split'),
  },
};
