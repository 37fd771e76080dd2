/** What is kept of a model: each ranker's scores and their cost, then how they agree with the measured divergence. */
import { z } from 'zod';
import { figureFiles, ORIGIN } from '../figure-files.js';

/** Unit name -> format -> number. */
const byUnit = z.record(z.string(), z.record(z.string(), z.number()));

const rankerSchema = z.object({
  kind: z.literal('ranker'),
  ...ORIGIN,
  samples: z.int(),
  scores: byUnit,
  taken: z.number().describe('seconds, on both cores'),
  passes: z.number().describe('core seconds over those of a forward pass over the same samples'),
});

/** Nothing where scores or truth tell no two units apart. */
const figure = z.number().nullable();
const intervalSchema = z.object({ value: figure, low: figure, high: figure });
const agreementSchema = z.object({ spearman: intervalSchema, kendall: intervalSchema });

const truthSchema = z.object({
  kind: z.literal('truth'),
  ...ORIGIN,
  samples: z.int(),
  divergence: byUnit.describe('mean KL in nats of each unit alone in the format'),
  formats: z.record(
    z.string(),
    z.object({
      /** Of the truth on half of the samples with the truth on the other half: about what its own noise allows. */
      halves: agreementSchema,
      rankers: z.record(z.string(), agreementSchema),
    }),
  ),
});

export type RankerStep = z.infer<typeof rankerSchema>;
export type TruthStep = z.infer<typeof truthSchema>;
export type Interval = z.infer<typeof intervalSchema>;
export type Agreement = z.infer<typeof agreementSchema>;

export const FIGURES = figureFiles(
  new URL('./figures/', import.meta.url),
  z.discriminatedUnion('kind', [rankerSchema, truthSchema]),
);
