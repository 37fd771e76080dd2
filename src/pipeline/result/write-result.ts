import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { Model } from '../../graph/model.js';
import { saveModel } from '../../graph/to-onnx.js';
import { BitloomError } from '../../kernel/errors.js';
import { explained } from '../../kernel/write-errors.js';
import type { Plan } from '../../quantize/plan.js';
import type { Report } from '../../report/schema.js';

export interface Result {
  readonly model: Model;
  readonly plan: Plan;
  readonly report: Report;
}

export interface Destination {
  readonly out: string;
  /** Of the model's file, without its extension. */
  readonly name: string;
  /** One process holds it at a time. */
  readonly runFolder: string;
}

/** Refuses a folder that is there already, before any work is done. */
export function requireFree(out: string, overwrite: boolean): void {
  if (overwrite || !existsSync(out)) return;
  throw new BitloomError({
    kind: 'option',
    code: 'output-exists',
    message: `${out} exists`,
    place: { option: 'out' },
    hint: 'choose another folder, or replace it with --overwrite',
  });
}

/**
 * Writes model, plan and report as one folder: under a temporary name beside it, then renamed. The temporary name is the
 * run's own, so that a run that is resumed takes away what it left when it was killed here.
 */
export async function writeResult(destination: Destination, { model, plan, report }: Result): Promise<void> {
  const folder = resolve(destination.out);
  const temporary = join(dirname(folder), `.${basename(folder)}-${digest(destination.runFolder)}`);
  await explained(folder, async () => {
    try {
      await remove(temporary);
      // Not mkdtemp: what it makes may be read by its owner alone, and this folder is to be served.
      await mkdir(temporary, { recursive: true });
      await saveModel(model, join(temporary, `${destination.name}.onnx`));
      await writeFile(join(temporary, 'plan.json'), `${JSON.stringify(plan, null, 2)}\n`);
      await writeFile(join(temporary, 'report.json'), `${JSON.stringify(report, null, 2)}\n`);
      await replace(temporary, folder);
    } finally {
      await remove(temporary);
    }
  });
}

async function replace(temporary: string, folder: string): Promise<void> {
  const old = `${temporary}-replaced`;
  await remove(old);
  if (existsSync(folder)) await rename(folder, old);
  await rename(temporary, folder);
  await remove(old);
}

async function remove(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
