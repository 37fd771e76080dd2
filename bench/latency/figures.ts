/** What was measured of predictions: a file a model in bench/latency/figures/. */
import { loadavg } from 'node:os';
import { z } from 'zod';
import type { ProfileQuestion } from '../../src/pipeline/profile/profile.js';
import { machine, versions } from '../../src/pipeline/result/origin.js';
import { figureFiles, ORIGIN } from '../figure-files.js';

const errors = z.object({
  plans: z.number(),
  median: z.number(),
  p95: z.number(),
  pairs: z.number(),
  ordered: z.number(),
});

const stepSchema = z.object({
  ...ORIGIN,
  threads: z.number(),
  inputs: z.string(),
  floatMs: z.number(),
  /** Plans that the fit had, and plans whose nodes were profiled. */
  fitted: z.number(),
  profiled: z.number(),
  plans: z.array(
    z.object({
      ratio: z.number(),
      low: z.number(),
      high: z.number(),
      predicted: z.number(),
      naive: z.number(),
    }),
  ),
  errors: z.object({ predicted: errors, naive: errors }),
  /** Median half width of the ratios' intervals. */
  halfWidth: z.number(),
  noisy: z.boolean(),
});

export type ErrorFigures = z.infer<typeof stepSchema>;

export const FIGURES = figureFiles(new URL('./figures/', import.meta.url), stepSchema);

/** Where figures come from. */
export function originOf({ threads }: ProfileQuestion, command: string) {
  return {
    command,
    date: new Date().toISOString(),
    load: loadavg()[0],
    machine: machine(),
    versions: versions(),
    threads,
  };
}
