import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decodeModel, loadModel } from '../../src/graph/from-onnx.js';
import type { Model } from '../../src/graph/model.js';
import { encodeModel, fingerprint } from '../../src/graph/to-onnx.js';
import { isDense, type Tensor, toNumbers } from '../../src/kernel/tensor.js';
import { ortRuntime } from '../../src/runtime/ort.js';
import type { TensorMap } from '../../src/runtime/session.js';
import {
  type BackendCase,
  type BackendSet,
  backendCases,
  rampInput,
  readExclusions,
  readTensor,
} from './backend-cases.js';

const ROOT = '../shared/onnx-backend';
const EXCLUSIONS = readExclusions(new URL('./onnx-backend-exclusions.txt', import.meta.url));

/** |actual - expected| <= ABSOLUTE + RELATIVE |expected|: the relative bound is that of ONNX's own runner. */
const RELATIVE = 1e-3;
const ABSOLUTE = 1e-5;

/** The light models' weights are constants: optimising them away at load takes longer than running them. */
const OPTIONS = { threads: 2, optimization: 'disabled' } as const;

describe.runIf(existsSync(ROOT))('every ONNX backend model', () => {
  const cases = existsSync(ROOT) ? backendCases(ROOT) : [];

  it('is known where it is excluded', () => {
    const names = new Set(cases.map(({ name }) => name));
    expect([...EXCLUSIONS.keys()].filter((name) => !names.has(name))).toEqual([]);
  });

  it.each(cases)('$name reads the same after it was written', async ({ model }) => {
    const original = await loadModel(model);
    const written = decodeModel(encodeModel(original));
    expect(written).toEqual(original);
    expect(fingerprint(written)).toBe(fingerprint(original));
  });

  it.each(cases)('$name runs the same after it was written', async (backendCase) => {
    const reason = EXCLUSIONS.get(backendCase.name);
    if (reason === undefined) return runsTheSame(backendCase);
    await expect(runsTheSame(backendCase), `excluded (${reason}) but passes: take it off the list`).rejects.toThrow();
  });
});

async function runsTheSame({ model, sets }: BackendCase): Promise<void> {
  const decoded = await loadModel(model);
  const feeds = sets.map((set) => feedsOf(decoded, set));
  const original = await runAll(model, feeds);
  const written = await runAll(encodeModel(decoded), feeds);
  expect(written.map(digests)).toEqual(original.map(digests));
  sets.forEach((set, i) => {
    expectClose(decoded, original[i], set.outputs.map(readTensor));
  });
}

function feedsOf(model: Model, set: BackendSet): TensorMap {
  if (set.inputs.length === 0) return rampInput(model);
  return Object.fromEntries(set.inputs.map((path, i) => [model.graph.inputs[i].name, readTensor(path)]));
}

async function runAll(model: string | Uint8Array, feeds: readonly TensorMap[]): Promise<readonly TensorMap[]> {
  const session = await ortRuntime.open(model, OPTIONS);
  try {
    const results: TensorMap[] = [];
    for (const feed of feeds) results.push(await session.run(feed));
    return results;
  } finally {
    await session.close();
  }
}

/** Equal only for the same bits; vitest compares large arrays element by element, which takes seconds. */
function digests(outputs: TensorMap): Record<string, string> {
  return Object.fromEntries(
    Object.entries(outputs).map(([name, value]) => {
      const hash = createHash('sha256');
      for (const bytes of isDense(value) ? [value.bytes] : value.strings) hash.update(bytes).update(';');
      return [name, `${value.dtype}[${value.dims.join(',')}] ${hash.digest('hex')}`];
    }),
  );
}

function expectClose(model: Model, actual: TensorMap, expected: readonly Tensor[]): void {
  expect(expected.length).toBeGreaterThan(0);
  expected.forEach((tensor, i) => {
    const { name } = model.graph.outputs[i];
    expect(actual[name].dims, name).toEqual(tensor.dims);
    expect(furthest(actual[name], tensor), name).toBeLessThanOrEqual(1);
  });
}

/** The largest difference, in units of what is allowed. */
function furthest(actual: Tensor, expected: Tensor): number {
  if (!isDense(actual) || !isDense(expected)) {
    expect(actual).toEqual(expected);
    return 0;
  }
  const numbers = toNumbers(expected);
  return Array.from(toNumbers(actual)).reduce((worst, value, i) => {
    if (Object.is(value, numbers[i]) || value === numbers[i]) return worst;
    return Math.max(worst, Math.abs(value - numbers[i]) / (ABSOLUTE + RELATIVE * Math.abs(numbers[i])));
  }, 0);
}
