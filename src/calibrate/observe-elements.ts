import type { Sample } from '../data/dataset.js';
import { BitloomError } from '../kernel/errors.js';
import { type DenseTensor, isDense, type Tensor, tensor, toFloat32 } from '../kernel/tensor.js';
import type { Session, TensorMap } from '../runtime/session.js';
import { binCounter } from './bin-counter.js';
import type { Observation } from './observation.js';
import { type ActivationStatistics, histogramOf } from './statistics.js';
import { type ElementsTap, nonFinite, notFloatActivation } from './taps.js';

/** Buffers for the elements of each tap, in its order, for samples of one shape. */
interface Buffers {
  readonly shape: string;
  readonly slots: readonly Float32Array[];
  /** The slots of those taps that are outputs. */
  readonly outputs: TensorMap;
}

/**
 * Histograms of all elements. While samples keep their shape ONNX Runtime writes its outputs straight into the memory
 * that is counted over; where the shape changes they are copied there.
 */
export function observeElements(session: Session, taps: readonly ElementsTap[]): Observation {
  const counter = binCounter(taps.length);
  const extremes = taps.map(() => ({ min: 0, max: 0 }));
  const names = taps.filter((tap) => tap.from === 'output').map((tap) => tap.name);
  let buffers: Buffers | undefined;

  async function fill(sample: Sample): Promise<Buffers> {
    if (buffers?.shape === shapeOf(sample) && (await runInto(session, sample, buffers.outputs))) {
      for (const [i, tap] of taps.entries())
        if (tap.from === 'input') buffers.slots[i].set(toFloat32(sample.inputs[tap.name]));
      return buffers;
    }
    const outputs = names.length > 0 ? await session.run(sample.inputs, names) : {};
    const found = taps.map((tap) => floatTensor(tap, tap.from === 'input' ? sample.inputs : outputs));
    const slots = counter.reserve(found.map((item) => item.bytes.length / 4));
    for (const [i, item] of found.entries()) slots[i].set(toFloat32(item));
    return { shape: shapeOf(sample), slots, outputs: outputBuffers(taps, found, slots) };
  }

  return {
    async see(sample) {
      buffers = await fill(sample);
      for (const [i, slot] of buffers.slots.entries()) {
        if (slot.length === 0) continue;
        const { smallest, largest } = counter.count(i, slot);
        if (!Number.isFinite(smallest) || !Number.isFinite(largest)) throw nonFinite(taps[i].value, sample.id);
        extremes[i] = { min: Math.min(extremes[i].min, smallest), max: Math.max(extremes[i].max, largest) };
      }
    },
    activations: () =>
      Object.fromEntries(
        taps.map((tap, i): [string, ActivationStatistics] => [
          tap.value,
          { ...extremes[i], histogram: histogramOf(counter.counts(i)) },
        ]),
      ),
  };
}

/**
 * False where ONNX Runtime refused the buffers: a shape may depend on the sample's data. A run that fails for another
 * reason fails again without them, and is reported then.
 */
async function runInto(session: Session, sample: Sample, outputs: TensorMap): Promise<boolean> {
  if (Object.keys(outputs).length === 0) return true;
  try {
    await session.run(sample.inputs, outputs);
    return true;
  } catch (error) {
    if (error instanceof BitloomError) return false;
    throw error;
  }
}

function outputBuffers(
  taps: readonly ElementsTap[],
  found: readonly DenseTensor[],
  slots: readonly Float32Array[],
): TensorMap {
  const entries = taps.map((tap, i) => [tap, tensor('float32', found[i].dims, slots[i])] as const);
  return Object.fromEntries(entries.filter(([tap]) => tap.from === 'output').map(([tap, slot]) => [tap.name, slot]));
}

function shapeOf(sample: Sample): string {
  return Object.entries(sample.inputs)
    .map(([name, { dims }]) => `${name}:${dims}`)
    .join();
}

function floatTensor(tap: ElementsTap, among: TensorMap): DenseTensor {
  const found: Tensor | undefined = among[tap.name];
  if (found && isDense(found) && found.dtype === 'float32') return found;
  throw new BitloomError(notFloatActivation(tap.value, found?.dtype ?? 'not a tensor'));
}
