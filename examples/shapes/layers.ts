/** A batch of feature maps between two layers; the batch dimension stands first and is not stated. */
export interface Feature {
  readonly name: string;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** A square convolution padded by half its kernel, without bias: a batch normalization follows. */
export interface ConvSpec {
  readonly channels: number;
  readonly kernel: 1 | 3;
  readonly stride?: 1 | 2;
  /** 1, or the number of input channels for a depthwise convolution. */
  readonly groups?: number;
}

/** How a parameter begins: normal with variance 2 / fan-in (He et al. 2015, arXiv 1502.01852), or a constant. */
export type Start = { readonly fanIn: number } | { readonly value: number };

/** Something that training changes. */
export interface Parameter {
  readonly name: string;
  readonly dims: readonly number[];
  readonly start: Start;
}

/**
 * What a network is written in. One implementation emits the graph that ships, another the graph that trains, so that
 * both always hold the same network and the same parameter names.
 */
export interface Layers {
  conv(x: Feature, name: string, spec: ConvSpec): Feature;
  batchNorm(x: Feature, name: string): Feature;
  /** max(x, 0) */
  relu(x: Feature): Feature;
  /** x clipped to [0, 6]. */
  relu6(x: Feature): Feature;
  add(a: Feature, b: Feature): Feature;
  globalAverage(x: Feature): Feature;
  /** A fully connected layer with bias over features of height and width 1; its output is flat, [N, channels], and ends the network. */
  linear(x: Feature, name: string, channels: number): Feature;
}

/** What a convolution makes of `x`. */
export function convOutput(x: Feature, name: string, { channels, stride = 1 }: ConvSpec): Feature {
  return { name, channels, height: Math.ceil(x.height / stride), width: Math.ceil(x.width / stride) };
}

/** ONNX attributes of a convolution. */
export function convAttributes({ kernel, stride = 1, groups = 1 }: ConvSpec) {
  const pad = (kernel - 1) / 2;
  return { kernel_shape: [kernel, kernel], strides: [stride, stride], pads: [pad, pad, pad, pad], group: groups };
}

export function convParameter(x: Feature, name: string, { channels, kernel, groups = 1 }: ConvSpec): Parameter {
  const dims = [channels, x.channels / groups, kernel, kernel];
  return { name: `${name}.weight`, dims, start: { fanIn: (x.channels / groups) * kernel * kernel } };
}

export function batchNormParameters(
  x: Feature,
  name: string,
): { readonly scale: Parameter; readonly shift: Parameter } {
  return {
    scale: { name: `${name}.scale`, dims: [x.channels], start: { value: 1 } },
    shift: { name: `${name}.shift`, dims: [x.channels], start: { value: 0 } },
  };
}

/** The weight is [in, out], as MatMul reads it. */
export function linearParameters(x: Feature, name: string, channels: number) {
  return {
    weight: { name: `${name}.weight`, dims: [x.channels, channels], start: { fanIn: x.channels } },
    bias: { name: `${name}.bias`, dims: [channels], start: { value: 0 } },
  } as const satisfies Readonly<Record<string, Parameter>>;
}

/** Added to variances, in training and afterwards. */
export const EPSILON = 1e-5;
