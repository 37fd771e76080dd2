import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { broken, measureLaws } from './laws.js';
import { PRIMITIVES, subjectOf } from './primitive-subjects.js';
import { derived } from './subject.js';

const SEED = 6;

const ALL = Object.entries(PRIMITIVES);
/** The derivative of Sign is 0 and has nothing that moves. */
const CURVED = ALL.filter(([name]) => name !== 'Sign');

describe('a primitive obeys the laws of first and second derivatives', () => {
  it.each(ALL)('%s', async (_, samples) => {
    const law = fc.asyncProperty(samples, fc.nat(), async (sample, seed) => {
      expect(broken(await measureLaws(subjectOf(sample, seed), seed))).toEqual([]);
    });
    await fc.assert(law, { numRuns: 6, seed: SEED });
  });
});

describe('and so does its derivative', () => {
  it.each(CURVED)('%s', async (_, samples) => {
    const law = fc.asyncProperty(samples, fc.nat(), async (sample, seed) => {
      expect(broken(await measureLaws(derived(subjectOf(sample, seed)), seed))).toEqual([]);
    });
    await fc.assert(law, { numRuns: 2, seed: SEED });
  });
});
