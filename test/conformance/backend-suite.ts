import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Model } from '../../src/graph/model.js';
import type { Feeds } from '../../src/graph/observe.js';
import { isDense, type Tensor, toNumbers } from '../../src/kernel/tensor.js';
import { SHARED } from '../support/run-model.js';
import { type BackendCase, backendCases, readExclusions } from './backend-cases.js';

const ROOT = join(SHARED, 'onnx-backend');

/** |actual - expected| <= ABSOLUTE + RELATIVE |expected|: the relative bound is that of ONNX's own runner. */
const RELATIVE = 1e-3;
const ABSOLUTE = 1e-5;

/** Large light models only repeat operators of the others. */
const LARGE = /light_(densenet121|vgg19|inception_v2|bvlc_alexnet|zfnet512|resnet50)/;

/** Runs `check` on every backend model; it has to fail on those of the list in `exclusions`. */
export function everyBackendModel(
  title: string,
  exclusions: URL,
  check: (backendCase: BackendCase) => Promise<void>,
): void {
  const excluded = readExclusions(exclusions);
  describe.runIf(existsSync(ROOT))(title, () => {
    const cases = existsSync(ROOT) ? backendCases(ROOT).filter(({ name }) => !LARGE.test(name)) : [];

    it('are known where they are excluded', () => {
      const names = new Set(cases.map(({ name }) => name));
      expect([...excluded.keys()].filter((name) => !names.has(name))).toEqual([]);
    });

    it.each(cases)('$name', async (backendCase) => {
      const reason = excluded.get(backendCase.name);
      if (reason === undefined) return check(backendCase);
      await expect(check(backendCase), `excluded (${reason}) but passes`).rejects.toThrow();
    });
  });
}

export function expectClose(model: Model, results: Feeds, expected: readonly Tensor[]): void {
  expected.forEach((tensor, i) => {
    const actual = results[model.graph.outputs[i].name];
    expect([actual.dtype, actual.dims]).toEqual([tensor.dtype, tensor.dims]);
    if (!isDense(tensor)) {
      expect(actual).toEqual(tensor);
      return;
    }
    const [found, wanted] = [toNumbers(actual), toNumbers(tensor)];
    const far = Array.from(wanted).findIndex((item, at) => !isClose(found[at], item));
    expect(far).toBe(-1);
  });
}

function isClose(actual: number, expected: number): boolean {
  return Object.is(actual, expected) || Math.abs(actual - expected) <= ABSOLUTE + RELATIVE * Math.abs(expected);
}
