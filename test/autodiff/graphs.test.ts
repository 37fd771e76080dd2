import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crossEntropy, divergence, squaredError } from '../../src/autodiff/losses.js';
import { networkSubject, networks } from './graph-subjects.js';
import { broken, type Errors, Kink, measureLaws } from './laws.js';
import { gaussNewtonError, rootError, underLoss } from './loss-subject.js';
import { elsewhere, type Subject } from './subject.js';

const SEED = 6;

/** The laws hold for every random network; a point next to a kink tells nothing of them and is drawn again. */
async function holds(
  numRuns: number,
  measure: (subject: Subject, seed: number) => Promise<Readonly<Partial<Errors>>>,
): Promise<void> {
  const law = fc.asyncProperty(networks, fc.nat(), async (choices, seed) => {
    const errors = await measure(networkSubject(choices, seed), seed).catch(unlessKink);
    fc.pre(errors !== undefined);
    expect(broken(errors)).toEqual([]);
  });
  await fc.assert(law, { numRuns, seed: SEED });
}

function unlessKink(error: unknown): undefined {
  if (!(error instanceof Kink)) throw error;
}

describe('random networks', () => {
  it('obey the laws of first and second derivatives', () => holds(25, (subject, seed) => measureLaws(subject, seed)));

  it.each([
    ['cross-entropy', crossEntropy('z')],
    ['divergence', divergence('z')],
    ['squared error', squaredError('z')],
  ])('obey them under a loss: %s', (_, loss) =>
    holds(6, async (subject, seed) => measureLaws(elsewhere(await underLoss(subject, loss, 'float64')), seed)),
  );

  it('have under the divergence from their own output the Hessian J F J', () =>
    holds(12, async (subject) => {
      const self = await underLoss(subject, divergence('z'), 'float64');
      return { 'gauss-newton': await gaussNewtonError(self, 'float64'), root: await rootError(self, 'float64') };
    }));
});
