import type { Model } from '../../src/graph/model.js';
import { type Feeds, probeFeeds } from '../../src/graph/observe.js';
import { assertValid } from '../../src/graph/verify.js';
import { random } from '../../src/kernel/random.js';
import { sizeOf } from '../../src/kernel/shape.js';
import { type DenseTensor, floats } from '../../src/kernel/tensor.js';
import type { Pass } from '../../src/simplify/pass.js';
import { difference, runGraph } from './run-model.js';

export interface Proof {
  readonly after: Model;
  readonly changes: number;
  readonly notes: readonly string[];
  /** See `difference`: 0 where every output is the same to the bit. */
  readonly apart: number;
  /** Operators left, in order. */
  readonly ops: readonly string[];
}

/** Runs a pass, and the model before and after it in ONNX Runtime on the same inputs. */
export async function prove(model: Model, pass: Pass, feeds: Feeds = probeFeeds(model, 0)): Promise<Proof> {
  const { model: after, changes, notes } = await pass.run(model);
  assertValid(after, { pass: pass.name, before: [] });
  const apart = difference(await runGraph(model, feeds), await runGraph(after, feeds));
  return { after, changes, notes, apart, ops: after.graph.nodes.map((node) => node.op) };
}

/** Normal numbers from a fixed seed. */
export function noise(dims: readonly number[], seed = 1): DenseTensor {
  const source = random(seed);
  return floats(
    Array.from({ length: sizeOf(dims) }, () => source.normal()),
    dims,
  );
}

/** Numbers in [0.5, 1.5) from a fixed seed: variances and scales. */
export function positive(dims: readonly number[], seed = 1): DenseTensor {
  const source = random(seed);
  return floats(
    Array.from({ length: sizeOf(dims) }, () => 0.5 + source.uniform()),
    dims,
  );
}
