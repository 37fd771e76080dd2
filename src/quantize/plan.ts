import type { Bits, Format } from './formats.js';

/** Affine quantization of a whole tensor: real = scale * (stored - zeroPoint), stored in [0, 2^bits). */
export interface AffineParameters {
  readonly scale: number;
  readonly zeroPoint: number;
}

/** Observed or chosen bounds of an activation. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/** Unsigned affine parameters of one activation tensor, by bits: one tensor may be read at two precisions. */
export type ActivationParameters = { readonly [B in Bits]?: AffineParameters };

export interface WeightOptions {
  /** `min-max` uses the whole range; `mse` searches the clip that loses least. */
  readonly method: 'min-max' | 'mse';
  /** 7-bit weights, for CPUs whose U8S8 products saturate (x64 without VNNI). */
  readonly reduceRange: boolean;
  /** Elements that share a scale in the block-wise formats. */
  readonly blockSize: number;
  /** Gives each block a zero point too. Channels have none: integer kernels want one zero point for all of them. */
  readonly asymmetricBlocks?: boolean;
}

/** How formats become ONNX operators, where there is a choice. */
export interface EmissionOptions {
  /**
   * What holds 4-bit integers: `packed` types (smaller files, float kernels on most CPUs) or an 8-bit `int8` container
   * (the same numbers in integer kernels). `int8` when left out.
   */
  readonly container?: 'int8' | 'packed';
  /** MatMulNBits' `accuracy_level` in `w4` and `w8`: 4 multiplies by activations rounded to int8, 1 by floats. 4 when left out. */
  readonly accuracyLevel?: 0 | 1 | 2 | 3 | 4;
  /** `w4` and `w8` as com.microsoft's MatMulNBits, or as a DequantizeLinear in blocks before a MatMul. `matmulnbits` when left out. */
  readonly blocks?: 'matmulnbits' | 'qdq';
}

/** Everything that emission needs beside the float graph. Plain data; applied again it gives the same bytes. */
export interface Plan {
  readonly version: 1;
  /** SHA-256 of the float model's file (and external data). */
  readonly model: string;
  readonly target: string;
  /** Unit name -> format. Every unit stands here, also those left in float. */
  readonly units: Readonly<Record<string, Format>>;
  /** Follower node -> bits it carries, or `float`, as the target's rules decided. */
  readonly followers: Readonly<Record<string, Bits | 'float'>>;
  /** Value name -> parameters, for each value that is quantized. */
  readonly activations: Readonly<Record<string, ActivationParameters>>;
  readonly weights: WeightOptions;
  readonly emission?: EmissionOptions;
}
