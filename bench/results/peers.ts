/**
 * What ONNX Runtime's own quantizer reaches on the same holdout sets, from ../shared/PEERS.md (measured 2026-11-23,
 * onnxruntime 1.32 for Python, one thread, batch 1, an x64 CPU with AVX512-VNNI).
 */
export interface Mark {
  readonly divergence: number;
  /** Latency over float's. */
  readonly ratio: number;
}

/** By model, then by the step that is comparable. Encoders: static for MatMul and Gemm, as ours are. */
export const MARKS: Readonly<Record<string, Readonly<Record<string, Mark>>>> = {
  resnet50: {
    'w8a8 min-max': { divergence: 0.0201, ratio: 0.313 },
    'w8a8 percentile': { divergence: 0.0119, ratio: 0.311 },
    'w8a8 entropy': { divergence: 0.0164, ratio: 0.31 },
  },
  mobilenetv2: {
    'w8a8 min-max': { divergence: 0.009, ratio: 0.544 },
    'w8a8 percentile': { divergence: 0.0057, ratio: 0.543 },
    'w8a8 entropy': { divergence: 0.0077, ratio: 0.538 },
  },
  resnet20: {
    'w8a8 min-max': { divergence: 0.0021, ratio: 0.507 },
    'w8a8 percentile': { divergence: 0.002, ratio: 0.496 },
  },
  'bert-mini': {
    'w8a8 min-max': { divergence: 0.0005, ratio: 0.63 },
    'w8a8-dynamic': { divergence: 0.0002, ratio: 0.341 },
    w4: { divergence: 0.0004, ratio: 0.628 },
  },
  'minilm-l6': {
    'w8a8 min-max': { divergence: 0.058, ratio: 0.484 },
    'w8a8 percentile': { divergence: 0.044, ratio: 0.484 },
    'w8a8 entropy': { divergence: 0.045, ratio: 0.472 },
    'w8a8-dynamic': { divergence: 0.0058, ratio: 0.392 },
    w4: { divergence: 0.01, ratio: 0.521 },
  },
};
