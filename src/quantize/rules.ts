import type { Bits, Format } from './formats.js';
import type { EmissionOptions } from './plan.js';
import type { Unit, UnitOp } from './unit.js';

/**
 * What a target does with a unit in one format. `integer`: it multiplies stored integers; `float`: operands are
 * dequantized first. `output`: whether the integer kernel must store its result quantized, may, or cannot.
 */
export interface KernelRule {
  readonly compute: 'integer' | 'float';
  readonly output: 'quantized' | 'either' | 'float';
  /** Operators that ONNX Runtime, which judges every plan, may execute for it, as its optimized graph names them. */
  readonly kernels: readonly string[];
  /** The target has no kernel of this format and runs another in its place: it can be had for size or study. */
  readonly emulated: boolean;
}

/**
 * What a target does with an operator without a weight. `fused`: it vanishes into the quantization after its producer;
 * `same`: it moves quantized values and keeps their scale; `own`: it reads and writes quantized values, its output with
 * a scale of its own.
 */
export interface FollowerRule {
  readonly scale: 'fused' | 'same' | 'own';
  /** Which inputs carry data: the rest are shapes, indices and bounds. */
  readonly inputs: 'first' | 'all';
  /** Operator that the runtime executes for it. */
  readonly kernel: string;
}

/** Rules of a target that decide how a plan becomes a graph. Plain data. */
export interface TargetRules {
  readonly name: string;
  readonly kernels: { readonly [O in UnitOp]: { readonly [F in Format]?: KernelRule } };
  /** Why an operator lacks the formats that `kernels` does not list. */
  readonly lacks: { readonly [O in UnitOp]: string };
  readonly followers: Readonly<Record<string, FollowerRule>>;
  /** Width of the integers that followers carry. */
  readonly followerBits: Bits;
  /** How formats become operators there; a plan may say otherwise. */
  readonly emission: TargetEmission;
}

/** The choices of `EmissionOptions`, and those that no plan has: how integers are stored. */
export interface TargetEmission extends Required<EmissionOptions> {
  /** Unsigned, with a zero point. */
  readonly activations: 'uint';
  /** Signed, symmetric, one scale an output channel. */
  readonly weights: 'int-symmetric';
}

/** Why a unit cannot take a format on a target; nothing when it can. */
export function reasonAgainst(unit: Unit, format: Format, target: TargetRules): string | undefined {
  const limit = unit.limits?.[format];
  if (limit !== undefined) return limit;
  return target.kernels[unit.op][format] ? undefined : target.lacks[unit.op];
}
