import type { PreparedSet } from '../../data/dataset.js';
import type { MetricSpec } from '../../data/metric.js';
import { type EvaluateSettings, evaluateModel, makeReference, scoreReference } from '../../evaluate/evaluate.js';
import type { BlockRows } from '../../evaluate/evaluate-job.js';
import { evaluationKey, referenceKey } from '../../evaluate/keys.js';
import type { Outcomes } from '../../evaluate/outcomes.js';
import type { Reference, ReferencePart } from '../../evaluate/reference.js';
import type { BlockMemory } from '../../evaluate/run-blocks.js';
import type { Executor } from '../../runtime/job.js';
import { type Key, resultKind } from '../../store/result-kind.js';
import type { Results } from '../../store/results.js';

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
  const kept = (key: Key): BlockMemory => ({
    recall: ({ from, to }) => results.find(BLOCK, { ...key, from, to }),
    record: (block) => results.keep(BLOCK, { ...key, from: block.from, to: block.to }, block),
  });
  const counted = (outcomes: Outcomes) => {
    recalled += outcomes.recalled;
    return outcomes;
  };
  return {
    get recalled() {
      return recalled;
    },
    async reference(float, set, folder, watched = {}) {
      const key = { ...referenceKey(float.hash, set), threads };
      const found = await results.find(REFERENCE, key);
      const known = found && (await withPaths(found, results));
      if (known) return { ...known, set, floatHash: float.hash };
      const made = await makeReference(executor, await float.file(), set, folder, watched);
      const hashed = await withHashes(made, results);
      await results.keep(REFERENCE, key, hashed);
      return { ...((await withPaths(hashed, results)) ?? made), set, floatHash: float.hash };
    },
    async float(reference, spec) {
      const key = { ...(await evaluationKey(reference.floatHash, reference, spec)), threads, model: 'float' };
      return counted(await scoreReference(executor, reference, spec, kept(key)));
    },
    async model(reference, spec, { hash, file }, watched = {}) {
      const key = { ...(await evaluationKey(reference.floatHash, reference, spec, watched)), threads, model: hash };
      return counted(await evaluateModel(executor, reference, spec, file, { ...watched, ...kept(key) }));
    },
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
