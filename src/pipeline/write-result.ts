import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { Model } from '../graph/model.js';
import { saveModel } from '../graph/to-onnx.js';
import { BitloomError } from '../kernel/errors.js';
import { explained } from '../kernel/write-errors.js';
import type { Plan } from '../quantize/plan.js';
import type { Report } from '../report/schema.js';

export interface Result {
  readonly model: Model;
  readonly plan: Plan;
  readonly report: Report;
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

/** Writes model, plan and report as one folder: under a temporary name beside it, then renamed. */
export async function writeResult(out: string, name: string, { model, plan, report }: Result): Promise<void> {
  const folder = resolve(out);
  await explained(folder, async () => {
    const temporary = join(dirname(folder), `.${basename(folder)}-${randomBytes(6).toString('hex')}`);
    // Not mkdtemp: what it makes may be read by its owner alone, and this folder is to be served.
    await mkdir(temporary, { recursive: true });
    try {
      await saveModel(model, join(temporary, `${name}.onnx`));
      await writeFile(join(temporary, 'plan.json'), `${JSON.stringify(plan, null, 2)}\n`);
      await writeFile(join(temporary, 'report.json'), `${JSON.stringify(report, null, 2)}\n`);
      await replace(temporary, folder);
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  });
}

async function replace(temporary: string, folder: string): Promise<void> {
  const old = `${temporary}-replaced`;
  if (existsSync(folder)) await rename(folder, old);
  await rename(temporary, folder);
  await rm(old, { recursive: true, force: true });
}
