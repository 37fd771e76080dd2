import type { Dataset, PreparedSet, Sample } from '../data/dataset.js';
import { prepare, readPrepared } from '../data/prepared.js';
import { BitloomError } from '../kernel/errors.js';
import { toNumbers } from '../kernel/tensor.js';
import type { JobContext, JobHandler } from '../runtime/job.js';
import { ortRuntime } from '../runtime/ort.js';
import { type BatchRunner, batchRunner, type Outputs } from './batches.js';
import { momentsOf } from './moments.js';
import { defaultRoles, type OutputProfiles, type OutputRoles, profileOf } from './output-kinds.js';
import type { ReferencePart } from './reference.js';

export interface ReferenceInput {
  readonly model: string;
  readonly set: PreparedSet;
  readonly from: number;
  readonly to: number;
  /** Where the outputs are written. */
  readonly file: string;
  readonly batch: number;
  readonly threads: number;
  /** By `defaultRoles` when left out. */
  readonly roles?: OutputRoles;
}

export interface ReferenceOutput {
  readonly part: ReferencePart;
  readonly roles: OutputRoles;
  /** One a sample: joined in their order, whichever worker made them, they give the same numbers. */
  readonly profiles: readonly OutputProfiles[];
  /** Bytes of all samples' inputs, and of their outputs. */
  readonly inputBytes: number;
  readonly outputBytes: number;
}

/** Samples done. */
export type ReferenceEvent = number;

/** Runs the float model over part of a set and writes its outputs. */
const makePart: JobHandler<ReferenceInput, ReferenceOutput, ReferenceEvent> = async (input, context) => {
  const session = await ortRuntime.open(input.model, { threads: input.threads });
  try {
    const roles = input.roles ?? defaultRoles(session.outputs);
    const names = Object.keys(roles);
    if (names.length === 0) throw noOutput(input.model);
    return await writePart(input, batchRunner(session, input.batch, names, context.signal), roles, context);
  } finally {
    await session.close();
  }
};

async function writePart(
  input: ReferenceInput,
  run: BatchRunner,
  roles: OutputRoles,
  { emit, signal }: JobContext<ReferenceEvent>,
): Promise<ReferenceOutput> {
  const profiles: OutputProfiles[] = [];
  const size = { inputBytes: 0, outputBytes: 0 };
  const results = outputsOf(input, run, ({ inputs }) => {
    size.inputBytes += bytesIn(inputs);
  });
  const broken = new AbortController();
  const next = async () => {
    const { value } = await results.next().catch((error: unknown) => {
      // The sample is not to blame, and there will be no others.
      broken.abort(error);
      throw error;
    });
    profiles.push(observe(value, roles));
    size.outputBytes += bytesIn(value.inputs);
    return value;
  };
  const dataset = datasetOf(input, next);
  const indices = Array.from({ length: dataset.length }, (_, i) => i);
  try {
    const outputs = await prepare(dataset, indices, input.file, {
      concurrency: 1,
      onProgress: emit,
      signal: AbortSignal.any([signal, broken.signal]),
    });
    return { part: { from: input.from, to: input.to, outputs }, roles, profiles, ...size };
  } finally {
    // It stands at its last sample: this closes the file that it reads.
    await results.return(undefined);
  }
}

/** Outputs in the set's order, `batch` samples at a time: the file grows while the set is read. */
async function* outputsOf(
  { set, from, to, batch }: ReferenceInput,
  run: BatchRunner,
  onRead: (sample: Sample) => void,
): AsyncGenerator<Sample> {
  let waiting: Sample[] = [];
  for await (const sample of readPrepared(set, from, to)) {
    onRead(sample);
    waiting.push(sample);
    if (waiting.length < batch) continue;
    yield* named(waiting, await run(waiting));
    waiting = [];
  }
  if (waiting.length > 0) yield* named(waiting, await run(waiting));
}

function named(samples: readonly Sample[], outputs: readonly Outputs[]): readonly Sample[] {
  return samples.map(({ id }, i) => ({ id, inputs: outputs[i] }));
}

/** The outputs as a data set that is read once, from front to back. */
function datasetOf(input: ReferenceInput, next: () => Promise<Sample>): Dataset {
  return {
    name: input.model,
    length: input.to - input.from,
    labelled: false,
    read: next,
  };
}

function bytesIn(tensors: Sample['inputs']): number {
  return Object.values(tensors).reduce((total, { bytes }) => total + bytes.length, 0);
}

function observe({ id, inputs }: Sample, roles: OutputRoles): OutputProfiles {
  const profiles = Object.keys(roles).map((name) => {
    const values = toNumbers(inputs[name]);
    if (!isUsable(values, roles[name] === 'scores')) throw notFinite(id, name);
    return [name, profileOf(inputs[name], momentsOf(values))] as const;
  });
  return Object.fromEntries(profiles);
}

/** -Infinity is how a model rules a class out. */
function isUsable(values: ArrayLike<number>, scores: boolean): boolean {
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i]) && !(scores && values[i] === Number.NEGATIVE_INFINITY)) return false;
  }
  return true;
}

function notFinite(sample: string, tensor: string): BitloomError {
  return new BitloomError({
    kind: 'model',
    code: 'non-finite-output',
    message: 'the float model answers with NaN or Inf',
    place: { sample, tensor },
    hint: 'nothing can be held against it: look at the sample, and at the model with `bitloom inspect`',
  });
}

function noOutput(file: string): BitloomError {
  const message = 'the model has no float output that could be compared';
  return new BitloomError({ kind: 'model', code: 'no-float-output', message, place: { file } });
}

export default makePart;
