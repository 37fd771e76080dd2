import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assembler } from './assemble.js';

const blocks = Array.from({ length: 8 }, (_, i) => ({ from: i * 3, to: i * 3 + 3 }));

function blockRows(from: number) {
  const indices = [from, from + 1, from + 2];
  const divergence = indices.map((i) => i / 10);
  return { from, to: from + 3, rows: { m: indices.map((i) => [i]) }, divergence, nonFinite: from === 6 ? 1 : 0 };
}

const anyOrder = fc.shuffledSubarray(
  blocks.map(({ from }) => from),
  { minLength: blocks.length },
);

describe('assembler', () => {
  it('gives the same result in whatever order blocks arrive', () => {
    fc.assert(
      fc.property(anyOrder, (order) => {
        const assembly = assembler(blocks, { metric: 'm' }, () => {});
        for (const from of order) assembly.add(blockRows(from));
        const { rows, divergence, stoppedEarly, nonFinite } = assembly.result();
        expect(rows.flat()).toEqual(Array.from({ length: 24 }, (_, i) => i));
        expect(divergence).toHaveLength(24);
        expect([stoppedEarly, nonFinite]).toEqual([false, 1]);
      }),
    );
  });

  it('stops at the same sample in whatever order blocks arrive, and once', () => {
    fc.assert(
      fc.property(anyOrder, (order) => {
        let stops = 0;
        const decided = (rows: readonly (readonly number[])[]) => rows.length >= 10;
        const assembly = assembler(blocks, { metric: 'm', decided }, () => stops++);
        for (const from of order) assembly.add(blockRows(from));
        expect(assembly.result().rows.flat()).toEqual(Array.from({ length: 12 }, (_, i) => i));
        expect([assembly.result().stoppedEarly, stops]).toEqual([true, 1]);
      }),
    );
  });

  it('has not stopped early when the last block decides', () => {
    const assembly = assembler(blocks, { metric: 'm', decided: (rows) => rows.length === 24 }, () => {});
    for (const { from } of blocks) assembly.add(blockRows(from));
    expect(assembly.result().stoppedEarly).toBe(false);
  });

  it('reports the samples done as they arrive', () => {
    const seen: number[] = [];
    const assembly = assembler(blocks, { metric: 'm', onProgress: (done) => seen.push(done) }, () => {});
    for (const { from } of blocks.toReversed()) assembly.add(blockRows(from));
    expect(seen).toEqual([3, 6, 9, 12, 15, 18, 21, 24]);
  });
});
