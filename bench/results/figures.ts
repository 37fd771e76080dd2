/** What was measured, a file a model: each step with where its figures come from. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { reportSchema } from '../../src/report/schema.js';

const { metric, floor, samples, divergence, latency, size, formats, candidates, search, warnings } = reportSchema.shape;
const { float, result, pairedLoss, peakMemoryBytes, versions, machine, units } = reportSchema.shape;

const stepSchema = z.object({
  command: z.string(),
  date: z.iso.datetime(),
  seconds: z.number().describe('the whole step, agreement with float included'),
  load: z.number().describe('load average of the machine when the step began'),
  machine,
  versions,
  metric,
  floor,
  samples,
  float,
  result,
  pairedLoss,
  divergence,
  agreement: z.number().exactOptional().describe('share of holdout answers that are float’s'),
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

const figuresSchema = z.object({ model: z.string(), steps: z.record(z.string(), stepSchema) });

export type StepFigures = z.infer<typeof stepSchema>;
export type Figures = z.infer<typeof figuresSchema>;

const FOLDER = fileURLToPath(new URL('./figures/', import.meta.url));

export function readFigures(model: string): Figures {
  const file = `${FOLDER}${model}.json`;
  return existsSync(file) ? figuresSchema.parse(JSON.parse(readFileSync(file, 'utf8'))) : { model, steps: {} };
}

/** Adds one step to its model's file, whole or not at all. */
export function writeStep(model: string, step: string, figures: StepFigures): void {
  const known = readFigures(model);
  const file = `${FOLDER}${model}.json`;
  const text = JSON.stringify({ ...known, steps: { ...known.steps, [step]: figures } }, null, 2);
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(`${file}.part`, `${text}\n`);
  renameSync(`${file}.part`, file);
}
