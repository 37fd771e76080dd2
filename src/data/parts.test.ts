import { describe, expect, it } from 'vitest';
import type { Dataset } from './dataset.js';
import { partition } from './parts.js';

/** A set whose samples are letters; equal letters are equal samples. */
function letters(text: string): Dataset {
  return {
    name: text,
    length: text.length,
    labelled: false,
    fingerprint: async (index) => text[index],
    read: async (index) => ({ id: text[index], inputs: {} }),
  };
}

async function idsOf({ dataset, indices }: { dataset: Dataset; indices: readonly number[] }): Promise<string> {
  return Promise.all(indices.map(async (index) => (await dataset.read(index)).id)).then((ids) => ids.join(''));
}

describe('partition', () => {
  it('takes given sets whole and divides the rest', async () => {
    const { parts, warnings } = await partition({ data: letters('abcdefgh'), holdout: letters('xyz') }, { seed: 1 });
    expect(await idsOf(parts.holdout)).toBe('xyz');
    expect(parts.calibration.indices).toHaveLength(2);
    expect(parts.selection.indices).toHaveLength(6);
    expect(warnings).toEqual([]);
  });

  it('leaves out of earlier parts what stands in later ones, and says so', async () => {
    const sources = { calibration: letters('abcxuvw'), selection: letters('defab'), holdout: letters('xdyz') };
    const { parts, warnings } = await partition(sources, { seed: 1 });
    expect(await idsOf(parts.holdout)).toBe('xdyz');
    expect(await idsOf(parts.selection)).toBe('efab');
    expect(await idsOf(parts.calibration)).toBe('cuvw');
    expect(warnings[0]).toContain('1 of 5 samples of selection');
  });

  it('refuses the same set twice', async () => {
    const sources = { calibration: letters('abc'), selection: letters('defg'), holdout: letters('gfed') };
    await expect(partition(sources, { seed: 1 })).rejects.toThrow('4 of 4 samples of selection');
  });

  it('keeps repeats of one set in one part', async () => {
    const { parts } = await partition({ data: letters('abcdefghijklmnopqrstuvwxyzacegik') }, { seed: 2 });
    const ids = await Promise.all([idsOf(parts.calibration), idsOf(parts.selection), idsOf(parts.holdout)]);
    const sets = ids.map((text) => new Set(text));
    expect([...sets[0]].some((id) => sets[1].has(id) || sets[2].has(id))).toBe(false);
    expect([...sets[1]].some((id) => sets[2].has(id))).toBe(false);
  });

  it('names the parts that have no data', async () => {
    await expect(partition({ holdout: letters('abc') }, { seed: 1 })).rejects.toThrow('calibration, selection');
  });

  it('cuts a given set to the size asked for', async () => {
    const sources = { data: letters('abcdefgh'), calibration: letters('stuvwxyz') };
    const { parts } = await partition(sources, { seed: 1, amounts: { calibration: 3 } });
    expect(parts.calibration.indices).toHaveLength(3);
    expect(parts.calibration.dataset.name).toBe('stuvwxyz');
  });
});
