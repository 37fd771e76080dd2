import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BitloomError } from '../../kernel/errors.js';
import { explained } from '../../kernel/write-errors.js';
import type { Plan } from '../../quantize/plan.js';

/** How a worker process can end under a model; the executor has tried twice by then. */
const DEATHS = ['worker-crashed', 'worker-out-of-memory', 'worker-silent'];

/** Rethrows an error of an evaluation; where its processes died of it, the plan is written down and the error names it. */
export async function blame(plan: Plan, error: unknown, folder: string): Promise<never> {
  if (!(error instanceof BitloomError) || !DEATHS.includes(error.code)) throw error;
  const file = join(folder, 'fatal-plan.json');
  await explained(file, () => writeFile(file, `${JSON.stringify(plan, null, 2)}\n`));
  const hint = '--plan with this file repeats it alone; --exclude leaves units out. What was measured before is kept.';
  throw new BitloomError(
    error.problems.map((problem) => ({
      ...problem,
      place: { ...problem.place, file },
      hint: [problem.hint, hint].filter(Boolean).join('; '),
    })),
    { cause: error },
  );
}
