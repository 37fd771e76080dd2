/** A model of the study with everything that estimates of its traces need. */
import { join } from 'node:path';
import type { PreparedSet } from '../../src/data/dataset.js';
import { createEvaluations, type FloatReference } from '../../src/pipeline/baseline/evaluations.js';
import { withCache } from '../../src/pipeline/open/kept.js';
import { prepareSome } from '../../src/pipeline/open/open-data.js';
import { floatModel, type OpenedModel, openModel } from '../../src/pipeline/open/open-model.js';
import { withExecutor, withFolder } from '../../src/pipeline/open/workplace.js';
import type { Unit } from '../../src/quantize/unit.js';
import { findUnits } from '../../src/quantize/units.js';
import type { Executor } from '../../src/runtime/job.js';
import { readingOf } from '../cases.js';
import { cutPart, SUBJECTS, type Subject } from '../rankers/samples.js';

export interface Scene {
  readonly source: OpenedModel;
  readonly units: readonly Unit[];
  /** Of the study's ranking samples. */
  readonly set: PreparedSet;
  readonly kinds: FloatReference['kinds'];
  readonly executor: Executor;
  /** Seconds of one thread for the model over the samples. */
  readonly pass: number;
}

export function subjectNamed(name: string | undefined): Subject {
  const subject = SUBJECTS.find(({ of }) => of.name === name);
  if (!subject) throw new Error(`models: ${SUBJECTS.map(({ of }) => of.name).join(', ')}`);
  return subject;
}

/** Workers of one thread each. */
export function withScene<T>(
  { of, parts }: Subject,
  { samples, workers }: { readonly samples: number; readonly workers: number },
  work: (scene: Scene) => Promise<T>,
): Promise<T> {
  return withFolder((folder) =>
    withCache({ cache: join(folder, 'cache'), cacheSize: 2 ** 30, fresh: false }, ({ results }) =>
      withExecutor({ workers, threads: 1 }, async (executor) => {
        const source = await openModel(of.model);
        const data = await cutPart(parts.ranking, join(folder, 'ranking'));
        const request = { ...readingOf(of), data, samples, seed: 0 };
        const set = await prepareSome(request, source, join(folder, 'ranking.samples'), undefined);
        const forgetful = { ...results, find: async () => undefined };
        const evaluations = createEvaluations({ executor: { ...executor, workers: 1 }, results: forgetful });
        const model = floatModel(source, folder);
        const reference = await evaluations.reference(model, set, folder);
        // The first opens the process.
        await evaluations.model(reference, { name: 'kl' }, model);
        const { seconds: pass } = await evaluations.model(reference, { name: 'kl' }, model);
        return work({ source, units: findUnits(source.model), set, kinds: reference.kinds, executor, pass });
      }),
    ),
  );
}
