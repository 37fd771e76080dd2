/** The methods of the experiment: a ranker, a source of interactions, and a search. */
import type { QuantizeOptions } from '../../src/options.js';

export type MethodOptions = Pick<QuantizeOptions, 'ranker' | 'search' | 'interactions' | 'lambda' | 'normalisation'>;

export interface Method {
  readonly name: string;
  readonly options: MethodOptions;
}

const SOURCES = ['gram', 'logits', 'curvature', 'pairs'] as const;
const RANKERS = ['random', 'error', 'noise', 'fisher', 'kl', 'hessian'] as const;

/** Sensitivities and interactions come in different units, so each is divided by its mean. */
const AUGMENTED = { ranker: 'hessian', lambda: 0.5, normalisation: 'mean' } as const;

export const METHODS: readonly Method[] = [
  ...RANKERS.map((ranker): Method => ({ name: `${ranker}, bisection`, options: { ranker, search: 'bisection' } })),
  { name: 'hessian, greedy', options: { ranker: 'hessian', search: 'greedy' } },
  ...SOURCES.map(
    (interactions): Method => ({
      name: `hessian + ${interactions}, bisection`,
      options: { ...AUGMENTED, interactions, search: 'bisection' },
    }),
  ),
  { name: 'kl, frontier', options: { ranker: 'kl', search: 'frontier' } },
  { name: 'hessian, frontier', options: { ranker: 'hessian', search: 'frontier' } },
  ...SOURCES.map(
    (interactions): Method => ({
      name: `${interactions}, frontier`,
      options: { ...AUGMENTED, interactions, search: 'frontier' },
    }),
  ),
];

export const FLOORS = ['99%', '99.9%', '99.99%'] as const;
