import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { addConv, smallModel } from '../../../test/plans.js';
import { saveModel } from '../../graph/to-onnx.js';
import { BitloomError } from '../../kernel/errors.js';
import { printProfile } from '../../report/profile.js';
import { profile } from './profile.js';

const folder = mkdtempSync(join(tmpdir(), 'bitloom-profile-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const cache = join(folder, 'cache');

async function twoConvs(): Promise<string> {
  const path = join(folder, 'two.onnx');
  const model = smallModel([1, 16, 24, 24], (edit) => {
    const first = addConv(edit, { from: 'x', channels: [16, 16], name: 'first' });
    const between = edit.add({ op: 'Relu', inputs: [first] });
    return addConv(edit, { from: between, channels: [16, 16], name: 'second' });
  });
  await saveModel(model, path);
  return path;
}

describe('the profile of a model', () => {
  it('tells each unit, boundary and plan, and measures nothing twice', async () => {
    const options = { model: await twoConvs(), threads: 1, seconds: 1, cache };
    const first = await profile(options);
    expect(first.units.map(({ name }) => name).sort()).toEqual(['first', 'second']);
    for (const { times } of first.units) {
      expect(times.map(({ format }) => format)).toEqual(['float', 'w8a8']);
      for (const { isolatedMs, inPlaceMs } of times)
        expect([isolatedMs, inPlaceMs].every((ms) => ms && ms > 0)).toBe(true);
    }
    expect(first.uniform.map(({ format }) => format)).toEqual(['w8a8']);
    expect(first.boundaries.map(({ kind, isolated }) => [kind, isolated !== undefined && isolated > 0])).toContainEqual(
      ['quantize', true],
    );
    expect(first.prediction.heldOut.plans).toBe(2);
    expect(first.recalled).toBe(0);

    const second = await profile(options);
    expect(second.measured + second.recalled).toBe(first.measured);
    // Times that the machine disturbed too much are not kept: here whole plans are one result.
    expect(second.measured).toBeLessThanOrEqual(1);
    expect(second.units[0].times[0].isolatedMs).toBe(first.units[0].times[0].isolatedMs);

    const lines = printProfile(second).split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(lines.join('\n')).toContain('error on 2 mixed plans');
  }, 60_000);

  it('refuses a target that is not this machine', async () => {
    const refused = profile({ model: await twoConvs(), target: 'a100', cache });
    await expect(refused).rejects.toThrow(BitloomError);
    await expect(refused).rejects.toMatchObject({ code: 'target-not-here' });
  });
});
