import { BitloomError } from '../kernel/errors.js';
import { type DenseTensor, isDense, type Tensor, tensor } from '../kernel/tensor.js';
import type { Bits } from '../quantize/formats.js';
import type { WeightOptions } from '../quantize/plan.js';
import {
  type BlockWeight,
  type ChannelWeight,
  quantizeBlocks,
  quantizeChannels,
  storedTensor,
} from '../quantize/weights.js';

/** A weight in the shape in which DequantizeLinear takes it. */
export interface StoredWeight {
  readonly weight: ChannelWeight;
  readonly stored: DenseTensor;
  readonly scales: DenseTensor;
  readonly zeroPoints: DenseTensor;
}

/**
 * Quantized weights of one model, each made once: many plans of one search ask for the same ones, and equal weights are
 * the same tensor objects, so that a shared weights file holds them once.
 */
export interface WeightStore {
  channels(name: string, request: ChannelRequest): StoredWeight;
  blocks(name: string, request: BlockRequest): BlockWeight;
  /** Any other tensor derived from the model's own, made once for each key. */
  derived(key: string, make: () => DenseTensor): DenseTensor;
}

export interface ChannelRequest {
  readonly axis: number;
  readonly bits: Bits;
  readonly options: WeightOptions;
  readonly packed: boolean;
  /** Makes the request one of its own, and is not kept. */
  readonly leastScales?: Float32Array;
}

export interface BlockRequest {
  readonly bits: 4 | 8;
  readonly transposed: boolean;
  readonly options: WeightOptions;
}

export function weightStore(constant: (name: string) => Tensor | undefined): WeightStore {
  const channels = new Map<string, StoredWeight>();
  const blocks = new Map<string, BlockWeight>();
  const derived = new Map<string, DenseTensor>();
  const float = (name: string) => floatWeight(name, constant(name));
  return {
    channels(name, request) {
      if (request.leastScales) return stored(float(name), request);
      const { axis, bits, packed, options } = request;
      const key = JSON.stringify([name, axis, bits, packed, options.method, options.reduceRange]);
      return remember(channels, key, () => stored(float(name), request));
    },
    blocks(name, { bits, transposed, options }) {
      const key = JSON.stringify([name, bits, transposed, options]);
      return remember(blocks, key, () =>
        quantizeBlocks(float(name), bits, options.blockSize, options.method, transposed, options.asymmetricBlocks),
      );
    },
    derived: (key, make) => remember(derived, key, make),
  };
}

function stored(float: DenseTensor, request: ChannelRequest): StoredWeight {
  const { axis, bits, packed, options, leastScales } = request;
  const weight = quantizeChannels(float, {
    axis,
    bits,
    method: options.method,
    reduceRange: options.reduceRange,
    ...(leastScales && { leastScales }),
  });
  const held = storedTensor(weight, packed);
  const { length } = weight.scales;
  const zeros = { dtype: held.dtype, dims: [length], bytes: new Uint8Array(zeroBytes(held, length)) };
  return { weight, stored: held, scales: tensor('float32', [length], weight.scales), zeroPoints: zeros };
}

function zeroBytes(held: DenseTensor, count: number): number {
  if (held.dtype === 'int4') return Math.ceil(count / 2);
  return held.dtype === 'int16' ? count * 2 : count;
}

function floatWeight(name: string, found: Tensor | undefined): DenseTensor {
  if (found && isDense(found) && found.dtype === 'float32') return found;
  throw new BitloomError({
    kind: 'model',
    code: 'weight-not-float',
    message: 'a unit needs a float32 constant here',
    place: { tensor: name },
  });
}

function remember<T>(known: Map<string, T>, key: string, make: () => T): T {
  const found = known.get(key);
  if (found !== undefined) return found;
  const made = make();
  known.set(key, made);
  return made;
}
