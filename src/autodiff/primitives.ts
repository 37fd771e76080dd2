import type { Attribute } from '../graph/model.js';
import type { DType } from '../kernel/dtype.js';

/** An operator without parameters. */
export type None = Readonly<Record<string, never>>;

/** Geometry of a convolution, one entry a spatial axis; `pads` are all begins, then all ends. */
export interface ConvGeometry {
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly pads: readonly number[];
  readonly group: number;
}

export interface PoolGeometry {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly pads: readonly number[];
}

/** A node that is carried along but not differentiated: comparisons, integers, what no rule knows. */
export interface OpaqueNode {
  readonly op: string;
  readonly domain: string;
  readonly attributes: ReadonlyMap<string, Attribute>;
  /** Positions of inputs that are left out. */
  readonly absent: readonly number[];
  readonly outputs: readonly { readonly dtype: DType; readonly shape: readonly number[] }[];
  /** Constant but for steps: the derivative is 0. */
  readonly flat?: true;
}

/**
 * The closed set of operators that programs are written in, with their parameters. All shapes are known, so parameters
 * are plain numbers. Every table of this room is total over it, which makes a forgotten rule a compile error; the
 * derivative rules emit nothing else, so derivatives of any order exist.
 *
 * Broadcasting is ONNX's, reductions keep their axes with size 1, and sizes and axes count from the front.
 */
export interface Params {
  // One input, element by element.
  readonly Neg: None;
  readonly Abs: None;
  /** -1, 0 or 1; its derivative is 0. */
  readonly Sign: None;
  readonly Exp: None;
  readonly Log: None;
  readonly Sqrt: None;
  readonly Reciprocal: None;
  readonly Sin: None;
  readonly Cos: None;
  readonly Erf: None;
  readonly Tanh: None;
  readonly Sigmoid: None;
  readonly Softplus: None;
  readonly Relu: None;
  /** Infinite where there is no bound. */
  readonly Clip: { readonly min: number; readonly max: number };
  readonly Cast: { readonly to: DType };
  /** The input under a name of its own, so that one reader's view of a value can be moved alone. */
  readonly Copy: { readonly name: string };

  // Two inputs, broadcast.
  readonly Add: None;
  readonly Sub: None;
  readonly Mul: None;
  readonly Div: None;
  readonly Pow: None;
  readonly Max: None;
  readonly Min: None;
  /** Boolean. */
  readonly Greater: None;
  /** Boolean. */
  readonly Equal: None;
  /** Of two truth values. */
  readonly And: None;
  /** (condition, where it holds, where not), broadcast. */
  readonly Where: None;

  // Products.
  /** Batched; either matrix may be read transposed. */
  readonly MatMul: { readonly transA: boolean; readonly transB: boolean };
  /** (x [N,C,...], w [K,C/group,...]) -> y [N,K,...]. */
  readonly Conv: ConvGeometry;
  /** The adjoint of Conv in x: (y, w) -> x, whose spatial sizes are `spatial`. The geometry is that of the Conv. */
  readonly ConvInput: ConvGeometry & { readonly spatial: readonly number[] };
  /** The adjoint of Conv in w: (x, y) -> w, whose spatial sizes are `kernel`. The geometry is that of the Conv. */
  readonly ConvWeight: ConvGeometry & { readonly kernel: readonly number[] };

  // Reductions and what normalises by them.
  readonly ReduceSum: { readonly axes: readonly number[] };
  readonly ReduceMax: { readonly axes: readonly number[] };
  readonly Softmax: { readonly axis: number };
  readonly LogSoftmax: { readonly axis: number };
  /** x [N,C,...] -> (y, for each y the position of its x in the flattened x). */
  readonly MaxPool: PoolGeometry;

  // Arrangement.
  readonly Reshape: { readonly shape: readonly number[] };
  readonly Transpose: { readonly perm: readonly number[] };
  readonly Expand: { readonly shape: readonly number[] };
  readonly Concat: { readonly axis: number };
  /** One start, end and positive step an axis. */
  readonly Slice: {
    readonly starts: readonly number[];
    readonly ends: readonly number[];
    readonly steps: readonly number[];
  };
  /** Zeros around: all begins, then all ends, none negative. */
  readonly Pad: { readonly pads: readonly number[] };
  /** (data, indices of any rank) -> data with `axis` replaced by the indices' axes. */
  readonly Gather: { readonly axis: number };
  /** The adjoint of Gather in data: (updates, indices) -> zeros of `size` along `axis` with the updates added. */
  readonly ScatterAdd: { readonly axis: number; readonly size: number };
  /** (data, indices of data's rank). */
  readonly GatherElements: { readonly axis: number };
  /** The adjoint of GatherElements in data: (updates, indices) -> zeros of `shape` with the updates added. */
  readonly ScatterElements: { readonly axis: number; readonly shape: readonly number[] };

  readonly Opaque: OpaqueNode;
}

export type Primitive = keyof Params;
