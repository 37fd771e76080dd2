/** What is kept of a model at a floor: float, the uniform plans and what each search found, timed in turns. */
import { z } from 'zod';
import { reportSchema } from '../../src/report/schema.js';
import { type Figures as FiguresOf, figureFiles, ORIGIN } from '../figure-files.js';

const { metric, floor, samples, float, result, pairedLoss, divergence, formats, units } = reportSchema.shape;
const { candidates, search, prediction, warnings } = reportSchema.shape;

const ratio = { ratio: z.number(), low: z.number(), high: z.number() };

const runSchema = z.object({
  floor,
  result,
  pairedLoss,
  divergence,
  formats,
  /** Units that stayed in float and why. */
  left: units,
  candidates,
  search,
  prediction,
  warnings,
  stages: z.array(z.object({ name: z.string(), seconds: z.number() })),
  latency: z.object({ medianMs: z.number(), ...ratio }).describe('over float, all plans of the step in turns'),
});

const stepSchema = z.object({
  ...ORIGIN,
  commit: z.string().describe('with + where the working tree had changes'),
  metric,
  samples,
  float,
  floatMs: z.number(),
  rounds: z.int(),
  spread: z.number().describe('interquartile range of float’s times over their median'),
  noisy: z.boolean(),
  profiledBefore: z.boolean().describe('whether the profile that the frontier wants was, at least in part, known'),
  uniform: z.record(z.string(), runSchema).describe('by format'),
  bisection: runSchema,
  frontier: runSchema,
  spared: z
    .object({
      units: z.array(z.string()),
      won: z
        .object({ ...ratio, noisy: z.boolean() })
        .exactOptional()
        .describe('the frontier’s plan over the same plan with these units quantized; missing where there is none'),
    })
    .exactOptional()
    .describe('units that the frontier left in float because they are faster there'),
});

export type RunFigures = z.infer<typeof runSchema>;
export type StepFigures = z.infer<typeof stepSchema>;
export type Figures = FiguresOf<StepFigures>;

export const FIGURES = figureFiles(new URL('./figures/', import.meta.url), stepSchema);
