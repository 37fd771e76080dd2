import { availableParallelism } from 'node:os';
import type { PreparedSet } from '../../data/dataset.js';
import { readSample } from '../../data/prepared.js';
import type { Split } from '../../runtime/cores.js';
import { measureSplit } from '../../runtime/split.js';
import { resultKind } from '../../store/result-kind.js';
import type { Results } from '../../store/results.js';
import type { Runnable } from '../baseline/evaluations.js';

const SPLIT = resultKind<Split>('split');

export interface CoresQuestion {
  readonly model: Runnable;
  readonly set: PreparedSet;
  readonly memory?: number | undefined;
  readonly results: Results;
  readonly signal: AbortSignal | undefined;
}

/** Workers and threads with which this machine runs most samples of a model a second. */
export async function divideCores({ model, set, memory, results, signal }: CoresQuestion): Promise<Split> {
  const cores = availableParallelism();
  return results.once(SPLIT, { model: model.hash, cores, memory: memory ?? null }, async () => {
    const { inputs } = await readSample(set, 0);
    const measured = await measureSplit(await model.file(), {
      feeds: inputs,
      cores,
      ...(memory !== undefined && { memory }),
      ...(signal && { signal }),
    });
    return measured.split;
  });
}
