import type { Model } from '../../graph/model.js';
import { formatsOf, type LatencyQuestion } from './latency-question.js';
import type { Choice } from './plan-pool.js';

export interface EmittedPlan {
  readonly choice: Choice;
  readonly model: Model;
  readonly path: string;
}

/** Works with plans written to files, which are gone afterwards. */
export async function withPlans<T>(
  { bench, signal }: LatencyQuestion,
  choices: readonly Choice[],
  work: (plans: readonly EmittedPlan[]) => Promise<T>,
): Promise<T> {
  const written: { readonly plan: EmittedPlan; discard(): Promise<void> }[] = [];
  try {
    for (const choice of choices) {
      signal?.throwIfAborted();
      const { model, file, discard } = await bench.emit(bench.plan(formatsOf(bench.net, choice)));
      written.push({ plan: { choice, model, path: await file() }, discard });
    }
    return await work(written.map(({ plan }) => plan));
  } finally {
    await Promise.all(written.map(({ discard }) => discard()));
  }
}
