import { describe, expect, it } from 'vitest';
import { addConv, noise, observe, PLAIN_WEIGHTS, smallModel, tryPlan } from '../../test/plans.js';
import type { GraphEdit } from '../graph/edit.js';
import type { Format } from '../quantize/formats.js';
import { makePlan, valuesToObserve } from '../quantize/make-plan.js';
import { reasonAgainst } from '../quantize/rules.js';
import { findUnits } from '../quantize/units.js';
import { loadTarget, targetNames } from './load-target.js';
import { UNIT_OPS } from './row-schema.js';

/** A unit of every operator, a product of two activations, and a follower between two units. */
const model = smallModel([1, 4, 8, 8], (edit) => {
  const first = addConv(edit, { from: 'x', channels: [4, 8], name: 'first' });
  const relu = edit.add({ op: 'Relu', name: 'relu', inputs: [first] });
  const second = addConv(edit, { from: relu, channels: [8, 8], name: 'second', seed: 5 });
  const sum = edit.add({ op: 'Add', name: 'sum', inputs: [relu, second] });
  const wider = edit.add({
    op: 'ConvTranspose',
    name: 'wider',
    inputs: [sum, edit.constant('wider.weight', noise([8, 4, 2, 2], 9, 0.2))],
    attributes: { strides: [2, 2] },
  });
  return products(edit, wider);
});

function products(edit: GraphEdit, from: string): string {
  const shape = edit.constant('rows', {
    dtype: 'int64',
    dims: [2],
    bytes: new Uint8Array(new BigInt64Array([16n, 64n]).buffer),
  });
  const rows = edit.add({ op: 'Reshape', name: 'rows', inputs: [from, shape] });
  const left = edit.add({
    op: 'MatMul',
    name: 'left',
    inputs: [rows, edit.constant('left.weight', noise([64, 64], 2, 0.1))],
  });
  const turned = edit.add({ op: 'Transpose', name: 'turned', inputs: [rows], attributes: { perm: [1, 0] } });
  const scores = edit.add({ op: 'MatMul', name: 'scores', inputs: [left, turned] });
  return edit.add({ op: 'Gemm', name: 'head', inputs: [scores, edit.constant('head.weight', noise([16, 5], 3, 0.1))] });
}

const feeds = { x: noise([1, 4, 8, 8], 11) };

const CASES = targetNames.flatMap((name) => {
  const target = loadTarget(name);
  const formats = new Set([...UNIT_OPS.flatMap((op) => target.ladder[op]), ...target.products]);
  return [...formats].map((format) => [name, format] as const);
});

describe('what a shipped target offers', () => {
  it.each(CASES)('on %s runs in %s as its rules say', async (name, format: Format) => {
    const target = loadTarget(name);
    const units = findUnits(model);
    const chosen = units.map((unit) => [unit.name, reasonAgainst(unit, format, target) ? target.baseline : format]);
    const plan = makePlan({
      model,
      modelHash: '0'.repeat(64),
      target,
      units: Object.fromEntries(chosen),
      activations: await observe(model, feeds, valuesToObserve(model, target)),
      weights: PLAIN_WEIGHTS,
    });
    const { check } = await tryPlan(model, plan, feeds);
    expect(check.units).toHaveLength(6);
    expect(check.problems).toEqual([]);
  });
});
