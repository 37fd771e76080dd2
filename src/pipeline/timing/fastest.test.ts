import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Contender, fastestOf } from './fastest.js';

function contender(name: string, ratio: number, half: number, more: Partial<Contender> = {}): Contender {
  return { name, ratio, low: ratio - half, high: ratio + half, quantized: 10, bytes: 1000, ...more };
}

describe('fastestOf', () => {
  it('takes the fastest where the intervals are apart', () => {
    const { chosen, notes } = fastestOf([contender('a', 0.5, 0.01, { quantized: 1 }), contender('b', 0.6, 0.01)]);
    expect([chosen?.name, notes]).toEqual(['a', []]);
  });

  it('takes the one with most units quantized among those as fast within noise, and says so', () => {
    const search = contender('search', 0.5, 0.02, { quantized: 7 });
    const uniform = contender('uniform w8a8', 0.52, 0.02);
    const { chosen, notes } = fastestOf([search, uniform, contender('slow', 0.7, 0.01, { quantized: 99 })]);
    expect(chosen).toBe(uniform);
    expect(notes).toEqual([
      'as fast within noise: search (0.480 .. 0.520); uniform w8a8 (0.500 .. 0.540) quantizes most units',
    ]);
  });

  it('takes the smaller file where as many units are quantized', () => {
    const { chosen, notes } = fastestOf([contender('a', 0.5, 0.02), contender('b', 0.51, 0.02, { bytes: 900 })]);
    expect(chosen?.name).toBe('b');
    expect(notes.join()).toContain('takes fewest bytes');
  });

  it('takes none that was slower than float, and doubts one that may be', () => {
    expect(fastestOf([contender('a', 1.01, 0.05)]).chosen).toBeUndefined();
    expect(fastestOf([]).notes).toEqual(['no plan that holds the floor runs faster than float']);
    const { chosen, notes } = fastestOf([contender('a', 0.98, 0.05)]);
    expect(chosen?.name).toBe('a');
    expect(notes).toEqual(['a is no faster than float within noise (0.930 .. 1.03 of its time)']);
  });

  it('never takes one that is certainly slower than another, nor one slower than float', () => {
    const field = fc.record({
      ratio: fc.double({ min: 0.2, max: 1.5, noNaN: true }),
      half: fc.double({ min: 0, max: 0.1, noNaN: true }),
      quantized: fc.nat(5),
      bytes: fc.nat(5),
    });
    fc.assert(
      fc.property(fc.array(field, { maxLength: 6 }), (fields) => {
        const all = fields.map(({ ratio, half, ...more }, i) => contender(`${i}`, ratio, half, more));
        const { chosen } = fastestOf(all);
        expect(chosen === undefined).toBe(all.every(({ ratio }) => ratio >= 1));
        if (!chosen) return;
        expect(chosen.ratio).toBeLessThan(1);
        for (const other of all) expect(chosen.low).toBeLessThanOrEqual(other.high);
      }),
    );
  });
});
