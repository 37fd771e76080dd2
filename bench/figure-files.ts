/** What was measured, a file a model: its steps by name, each with where its figures come from. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { reportSchema } from '../src/report/schema.js';

const { machine, versions } = reportSchema.shape;

/** Where the figures of a step come from. */
export const ORIGIN = {
  command: z.string(),
  date: z.iso.datetime(),
  seconds: z.number().describe('the whole step'),
  load: z.number().describe('load average of the machine when the step began'),
  machine,
  versions,
};

export interface Figures<Step> {
  readonly model: string;
  readonly steps: Readonly<Record<string, Step>>;
}

export interface FigureFiles<Step> {
  /** No steps where nothing has been measured. */
  read(model: string): Figures<Step>;
  /** Adds one step to its model's file, whole or not at all. */
  write(model: string, name: string, step: Step): void;
}

export function figureFiles<Step>(folder: URL, step: z.ZodType<Step>): FigureFiles<Step> {
  const schema = z.object({ model: z.string(), steps: z.record(z.string(), step) });
  const fileOf = (model: string) => fileURLToPath(new URL(`${model}.json`, folder));
  const read = (model: string): Figures<Step> => {
    const file = fileOf(model);
    return existsSync(file) ? schema.parse(JSON.parse(readFileSync(file, 'utf8'))) : { model, steps: {} };
  };
  return {
    read,
    write(model, name, figures) {
      const known = read(model);
      const file = fileOf(model);
      mkdirSync(folder, { recursive: true });
      writeFileSync(
        `${file}.part`,
        `${JSON.stringify({ ...known, steps: { ...known.steps, [name]: figures } }, null, 2)}\n`,
      );
      renameSync(`${file}.part`, file);
    },
  };
}
