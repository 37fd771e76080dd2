/** What was measured of damage models: in bench/damage/figures, a file a model. */
import { z } from 'zod';
import { figureFiles, ORIGIN } from '../figure-files.js';

const interval = z.object({ value: z.number().nullable(), low: z.number().nullable(), high: z.number().nullable() });

const quality = z.object({
  spearman: interval.describe('with the measured divergence of the plans; bootstrapped over plans and samples'),
  ratio: z.number().describe('median of predicted over measured divergence'),
  low: z.number().describe('its 10th percentile'),
  high: z.number().describe('its 90th percentile'),
});

export type Quality = z.infer<typeof quality>;

const step = z.object({
  ...ORIGIN,
  samples: z.object({ ranking: z.number(), truth: z.number() }),
  plans: z.number(),
  pairs: z.number().describe('measured, of all'),
  allPairs: z.number(),
  passes: z.record(z.string(), z.number()).describe('cost of each source in forward passes over the ranking samples'),
  mixes: z.record(z.string(), z.record(z.string(), quality)).describe('by mix, then by source'),
});

export type DamageStep = z.infer<typeof step>;

export const FIGURES = figureFiles(new URL('./figures/', import.meta.url), step);
