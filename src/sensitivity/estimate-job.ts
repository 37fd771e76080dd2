import type { PreparedSet, Sample } from '../data/dataset.js';
import type { Padding } from '../data/metric.js';
import { readSample } from '../data/prepared.js';
import { toNumbers } from '../kernel/tensor.js';
import type { JobHandler } from '../runtime/job.js';
import { ortRuntime } from '../runtime/ort.js';
import type { Session } from '../runtime/session.js';
import type { Batch, ProgramFile } from './estimator.js';
import { feedsFor } from './feeds.js';

export interface EstimateTask extends Batch {
  readonly probe: number;
}

export interface EstimateInput {
  readonly programs: readonly ProgramFile[];
  /** Those of one program in a row, so that each is opened once. */
  readonly tasks: readonly EstimateTask[];
  readonly set: PreparedSet;
  readonly padding: Padding;
  readonly seed: number;
  readonly threads: number;
}

/** What a program's outputs were in one run, in their order. */
export interface EstimateEvent {
  readonly task: EstimateTask;
  readonly values: readonly number[];
}

/** Runs derived programs over batches of samples and emits their scalar outputs. */
const estimate: JobHandler<EstimateInput, void, EstimateEvent> = async (input, { emit, signal }) => {
  let open: { readonly program: number; readonly session: Session } | undefined;
  let read: { readonly of: readonly number[]; readonly samples: readonly Sample[] } | undefined;
  try {
    for (const task of input.tasks) {
      signal.throwIfAborted();
      const program = input.programs[task.program];
      if (open?.program !== task.program) {
        await open?.session.close();
        open = { program: task.program, session: await ortRuntime.open(program.file, { threads: input.threads }) };
      }
      if (read?.of !== task.samples) read = { of: task.samples, samples: await readAll(input.set, task.samples) };
      const draw = { ...input, samples: read.samples, positions: task.samples, probe: task.probe };
      const results = await open.session.run(feedsFor(program, draw));
      emit({ task, values: program.outputs.map((name) => toNumbers(results[name])[0]) });
    }
  } finally {
    await open?.session.close();
  }
};

async function readAll(set: PreparedSet, positions: readonly number[]): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  for (const position of positions) samples.push(await readSample(set, position));
  return samples;
}

export default estimate;
