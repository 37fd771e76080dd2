import type { ConvSpec, Feature, Layers } from './layers.js';
import { SHAPE_NAMES } from './outlines.js';
import { CHANNELS, SIZE } from './raster.js';

/** Two 3x3 convolutions around a shortcut (He et al. 2015, arXiv 1512.03385). */
interface Residual {
  readonly kind: 'residual';
  readonly channels: number;
  readonly stride: 1 | 2;
}

/** Expand by 1x1, filter each channel by 3x3, project by 1x1 (Sandler et al. 2018, arXiv 1801.04381). */
interface Inverted {
  readonly kind: 'inverted';
  readonly channels: number;
  readonly stride: 1 | 2;
  readonly expansion: number;
}

export interface NetworkSpec {
  readonly stem: number;
  readonly blocks: readonly (Residual | Inverted)[];
  readonly head: number;
  readonly classes: number;
}

export const INPUT: Feature = { name: 'images', channels: CHANNELS, height: SIZE, width: SIZE };

/** 17.4 million multiply-accumulates an image. */
export const SHAPES_NETWORK: NetworkSpec = {
  stem: 16,
  blocks: [
    { kind: 'residual', channels: 16, stride: 1 },
    { kind: 'residual', channels: 32, stride: 2 },
    { kind: 'residual', channels: 32, stride: 1 },
    { kind: 'inverted', channels: 32, stride: 1, expansion: 6 },
    { kind: 'inverted', channels: 32, stride: 1, expansion: 6 },
    { kind: 'inverted', channels: 64, stride: 2, expansion: 6 },
    { kind: 'inverted', channels: 64, stride: 1, expansion: 4 },
    { kind: 'inverted', channels: 64, stride: 1, expansion: 4 },
    { kind: 'inverted', channels: 64, stride: 1, expansion: 4 },
  ],
  head: 256,
  classes: SHAPE_NAMES.length,
};

/** Logits of the network over `image`, in whatever `layers` emits. */
export function buildNetwork(layers: Layers, image: Feature, spec: NetworkSpec): Feature {
  let x = normalized(layers, image, 'stem', { channels: spec.stem, kernel: 3, stride: 2 });
  x = layers.relu(x);
  for (const [i, block] of spec.blocks.entries()) x = buildBlock(layers, x, `block${i + 1}`, block);
  x = layers.relu6(normalized(layers, x, 'head', { channels: spec.head, kernel: 1 }));
  return layers.linear(layers.globalAverage(x), 'classifier', spec.classes);
}

function buildBlock(layers: Layers, x: Feature, name: string, block: Residual | Inverted): Feature {
  return block.kind === 'residual' ? residual(layers, x, name, block) : inverted(layers, x, name, block);
}

function residual(layers: Layers, x: Feature, name: string, { channels, stride }: Residual): Feature {
  const first = layers.relu(normalized(layers, x, `${name}.conv1`, { channels, kernel: 3, stride }));
  const second = normalized(layers, first, `${name}.conv2`, { channels, kernel: 3 });
  const same = stride === 1 && x.channels === channels;
  const shortcut = same ? x : normalized(layers, x, `${name}.shortcut`, { channels, kernel: 1, stride });
  return layers.relu(layers.add(second, shortcut));
}

function inverted(layers: Layers, x: Feature, name: string, { channels, stride, expansion }: Inverted): Feature {
  const wide = x.channels * expansion;
  const expanded = layers.relu6(normalized(layers, x, `${name}.expand`, { channels: wide, kernel: 1 }));
  const depthwise = { channels: wide, kernel: 3, stride, groups: wide } as const;
  const filtered = layers.relu6(normalized(layers, expanded, `${name}.depthwise`, depthwise));
  const projected = normalized(layers, filtered, `${name}.project`, { channels, kernel: 1 });
  return stride === 1 && x.channels === channels ? layers.add(projected, x) : projected;
}

function normalized(layers: Layers, x: Feature, name: string, spec: ConvSpec): Feature {
  return layers.batchNorm(layers.conv(x, `${name}.conv`, spec), `${name}.norm`);
}
