import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Builder } from '../../src/autodiff/builder.js';
import { pushForward } from '../../src/autodiff/forward-mode.js';
import { zeros } from '../../src/autodiff/ops.js';
import { normal } from './directions.js';
import { broken, measureLaws } from './laws.js';
import { PRIMITIVES, subjectOf } from './primitive-subjects.js';
import { type Subject, termOf } from './subject.js';

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

/** The subject's derivative along a direction that moves too. */
function derived({ program, wrt, of: [y], point }: Subject): Subject {
  const b = Builder.from(program);
  const along = wrt.map((name) => b.input(`along ${name}`, termOf(program, name)));
  for (const term of along) b.setValue(term.name, term);
  const tangents = pushForward(b, new Map(wrt.map((name, i) => [name, along[i]])));
  const slope = tangents.get(termOf(program, y).name) ?? zeros(b, termOf(program, y));
  const derivative = b.finish(new Map([['slope', slope]]));
  return {
    program: derivative,
    wrt: derivative.inputs.map(({ name }) => name),
    of: ['slope'],
    point: { ...point, ...normal(along, 17) },
  };
}
