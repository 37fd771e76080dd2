/** What is kept of each step of a model. */
import { z } from 'zod';
import { reportSchema } from '../../src/report/schema.js';
import { type Figures as FiguresOf, figureFiles, ORIGIN } from '../figure-files.js';

const { metric, floor, samples, divergence, latency, size, formats, candidates, search, warnings } = reportSchema.shape;
const { float, result, pairedLoss, peakMemoryBytes, units } = reportSchema.shape;

const stepSchema = z.object({
  ...ORIGIN,
  seconds: ORIGIN.seconds.describe('the whole step, agreement with float included'),
  metric,
  floor,
  samples,
  float,
  result,
  pairedLoss,
  divergence,
  agreement: z.number().describe('share of holdout answers that are float’s'),
  latency,
  size,
  formats,
  /** Units that stayed in float and why. */
  left: units,
  candidates,
  search,
  peakMemoryBytes,
  warnings,
});

export type StepFigures = z.infer<typeof stepSchema>;
export type Figures = FiguresOf<StepFigures>;

export const FIGURES = figureFiles(new URL('./figures/', import.meta.url), stepSchema);
