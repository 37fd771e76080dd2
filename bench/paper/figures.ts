/** What was measured: in bench/paper/figures, a file a model, a step for each method and floor. */
import { z } from 'zod';
import { figureFiles, ORIGIN } from '../figure-files.js';

const candidate = z.object({
  name: z.string(),
  holds: z.boolean(),
  loss: z.number(),
  divergence: z.number(),
  ratio: z.number().optional(),
});

const step = z.object({
  ...ORIGIN,
  keep: z.string(),
  method: z.string(),
  status: z.string().describe('held, not-held or not-resolved'),
  samples: z.object({ calibration: z.number(), selection: z.number(), holdout: z.number() }),
  ratio: z.number().describe("estimated latency of the search's own best plan over 16 bits throughout"),
  formats: z.record(z.string(), z.number()),
  loss: z.object({ selection: z.number(), holdout: z.number(), low: z.number(), high: z.number() }),
  evaluations: z.number(),
  samplesRun: z.number(),
  candidates: z.array(candidate).describe('the frontier of accuracy and latency that was tried'),
});

export type PaperStep = z.infer<typeof step>;

export const FIGURES = figureFiles(new URL('./figures/', import.meta.url), step);
