import { describe, expect, it } from 'vitest';
import { orthogonalSigns, probesForExact, signs, streamOf } from './probes.js';

const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, each, i) => sum + each * b[i], 0);

describe('orthogonal probes', () => {
  it('are signs, of which two of one sample have nothing in common', () => {
    const probes = Array.from({ length: 16 }, (_, i) => orthogonalSigns(3, 7, i, 16));
    for (const [i, probe] of probes.entries()) {
      expect(new Set(probe.map(Math.abs))).toEqual(new Set([1]));
      for (const other of probes.slice(0, i)) expect(dot(probe, other)).toBe(0);
    }
  });

  it.each([1, 2, 5, 10, 13])('give a trace of %i columns exactly when all were drawn', (columns) => {
    const entry = (i: number, j: number) => Math.cos(i * j + i + j);
    const all = probesForExact(columns);
    let total = 0;
    for (let index = 0; index < all; index++) {
      const u = orthogonalSigns(11, 0, index, columns);
      for (let i = 0; i < columns; i++) for (let j = 0; j < columns; j++) total += u[i] * entry(i, j) * u[j];
    }
    const trace = Array.from({ length: columns }, (_, i) => entry(i, i)).reduce((sum, each) => sum + each, 0);
    expect(total / all).toBeCloseTo(trace, 5);
  });

  it('are fixed by seed, sample and index, and differ with each of them', () => {
    const probe = (seed: number, sample: number, index: number) => orthogonalSigns(seed, sample, index, 64).join();
    expect(probe(1, 2, 3)).toBe(probe(1, 2, 3));
    expect(new Set([probe(1, 2, 3), probe(2, 2, 3), probe(1, 3, 3), probe(1, 2, 4)]).size).toBe(4);
  });
});

describe('streams of random numbers', () => {
  it('of neighbouring numbers have nothing in common', () => {
    const count = 4096;
    const one = signs(streamOf(0, 1, 2), count);
    for (const parts of [
      [1, 1, 2],
      [0, 2, 2],
      [0, 1, 3],
      [0, 1],
    ]) {
      expect(Math.abs(dot(one, signs(streamOf(...parts), count)))).toBeLessThan(5 * Math.sqrt(count));
    }
  });
});
