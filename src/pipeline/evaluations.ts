import type { PreparedSet } from '../data/dataset.js';
import type { MetricSpec } from '../data/metric.js';
import { type EvaluateSettings, evaluateModel, makeReference, scoreReference } from '../evaluate/evaluate.js';
import type { BlockRows } from '../evaluate/evaluate-job.js';
import type { Outcomes } from '../evaluate/outcomes.js';
import type { Reference, ReferencePart } from '../evaluate/reference.js';
import type { Executor } from '../runtime/job.js';
import { type Key, resultKind } from '../store/result-kind.js';
import type { Results } from '../store/results.js';

/** A model that can be run: the hash of its content, and its file, written when first asked for. */
export interface Runnable {
  readonly hash: string;
  file(): Promise<string>;
}

/** The float model's outputs on a set, and the hash of that model. */
export interface FloatReference extends Reference {
  readonly floatHash: string;
}

type Watched = Pick<EvaluateSettings, 'onProgress' | 'batch' | 'decided'>;

/** Evaluations of which every block of samples is kept: none that was ever finished is run again. */
export interface Evaluations {
  /** Samples whose answers were known from before. */
  readonly recalled: number;
  /** The float model's outputs on a set; new ones go to files in `folder` first. */
  reference(float: Runnable, set: PreparedSet, folder: string, watched?: Watched): Promise<FloatReference>;
  /** The float model's own rows. */
  float(reference: FloatReference, spec: MetricSpec): Promise<Outcomes>;
  model(reference: FloatReference, spec: MetricSpec, model: Runnable, watched?: Watched): Promise<Outcomes>;
}

export interface EvaluationsOptions {
  readonly results: Results;
  readonly executor: Executor;
}

const REFERENCE = resultKind<KeptReference>('reference');
const BLOCK = resultKind<BlockRows>('evaluation');

/** A reference as it is kept: its files named by the hashes of their content. */
type KeptReference = Omit<Reference, 'set'>;

export function createEvaluations({ results, executor }: EvaluationsOptions): Evaluations {
  const { threads } = executor;
  let recalled = 0;
  const kept = (key: Key): Pick<EvaluateSettings, 'recall' | 'record'> => ({
    async recall({ from, to }) {
      const rows = await results.find(BLOCK, { ...key, from, to });
      recalled += rows ? to - from : 0;
      return rows;
    },
    record(rows) {
      const { from } = rows;
      return results.keep(BLOCK, { ...key, from, to: from + rows.divergence.length }, rows);
    },
  });
  const keyOf = ({ floatHash, set }: FloatReference, spec: MetricSpec, batch?: number): Key => ({
    float: floatHash,
    set: [set.hash, set.length],
    metric: { ...spec },
    batch: batch ?? null,
    threads,
  });
  return {
    get recalled() {
      return recalled;
    },
    async reference(float, set, folder, watched = {}) {
      const key = { float: float.hash, set: [set.hash, set.length], threads };
      const found = await results.find(REFERENCE, key);
      const known = found && (await withPaths(found, results));
      if (known) return { ...known, set, floatHash: float.hash };
      const made = await makeReference(executor, await float.file(), set, folder, watched);
      const kept = await withHashes(made, results);
      await results.keep(REFERENCE, key, kept);
      return { ...((await withPaths(kept, results)) ?? made), set, floatHash: float.hash };
    },
    float: (reference, spec) =>
      scoreReference(executor, reference, spec, kept({ ...keyOf(reference, spec), model: 'float' })),
    model: (reference, spec, model, watched = {}) =>
      evaluateModel(executor, reference, spec, model.file, {
        ...watched,
        ...kept({ ...keyOf(reference, spec, watched.batch), model: model.hash }),
      }),
  };
}

async function withHashes({ set: _, ...reference }: Reference, results: Results): Promise<KeptReference> {
  return { ...reference, parts: await Promise.all(reference.parts.map((part) => renamed(part, results.keepFile))) };
}

/** Undefined where a file has gone or is damaged. */
async function withPaths(kept: KeptReference, { file }: Results): Promise<KeptReference | undefined> {
  const parts: ReferencePart[] = [];
  for (const part of kept.parts) {
    const path = await file(part.outputs.file);
    if (path === undefined) return undefined;
    parts.push({ ...part, outputs: { ...part.outputs, file: path } });
  }
  return { ...kept, parts };
}

async function renamed(part: ReferencePart, keepFile: Results['keepFile']): Promise<ReferencePart> {
  return { ...part, outputs: { ...part.outputs, file: await keepFile(part.outputs.file) } };
}
