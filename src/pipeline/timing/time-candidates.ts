import { join } from 'node:path';
import type { Model } from '../../graph/model.js';
import { saveModel } from '../../graph/to-onnx.js';
import { hashFile } from '../../kernel/hash-file.js';
import { bench } from '../../runtime/bench.js';
import type { BenchResult } from '../../runtime/bench-result.js';
import { allCores } from '../../runtime/cores.js';
import { resultKind } from '../../store/result-kind.js';
import { withFolder } from '../open/workplace.js';
import { timedFeeds } from '../profile/timed-feeds.js';
import type { Run } from '../run.js';
import type { Candidate } from '../select/selection.js';
import { timeWith } from './measure-with.js';

const LATENCY = resultKind<BenchResult>('latency');

/**
 * Float first, then the candidates in their order, each named by the hash of its content. A measurement that the machine
 * disturbed is not kept: the next run may find it quiet.
 */
export async function timeAgainstFloat(run: Run, candidates: readonly Candidate[]): Promise<BenchResult> {
  const { float, results } = run;
  const hashes = [float.model.hash, ...candidates.map(({ trial }) => trial.hash)];
  const key = { models: hashes, ...(await circumstances(run)) };
  const known = await results.find(LATENCY, key);
  if (known) return known;
  const measured = withHashes(await timeInTurns(run, candidates), hashes);
  if (!measured.noisy) await results.keep(LATENCY, key, measured);
  return measured;
}

/** What a measured time depends on beside the models: the module that measures, by its content, or inputs and threads. */
async function circumstances({ settings, sets }: Run) {
  const { measureWith } = settings;
  if (measureWith === undefined) {
    return { set: [sets.selection.hash, sets.selection.length], threads: threadsOf(settings) };
  }
  return { module: await hashFile(measureWith) };
}

function threadsOf({ threads = allCores() }: Run['settings']): number {
  return threads;
}

async function timeInTurns(run: Run, candidates: readonly Candidate[]): Promise<BenchResult> {
  const { float, settings, sets, observer, signal } = run;
  const watched = {
    onRound: (done: number) => observer.progress({ stage: 'latency', done, total: done }),
    ...(signal && { signal }),
  };
  const { measureWith } = settings;
  if (measureWith !== undefined) {
    return withFolder(async (folder) => timeWith(measureWith, await portable(run, candidates, folder), watched));
  }
  const files = await Promise.all([float.model, ...candidates.map(({ trial }) => trial)].map(({ file }) => file()));
  const { source: feeds } = await timedFeeds(sets.selection);
  return bench(files, { feeds, threads: threadsOf(settings), ...watched });
}

/** Models that can be moved to a device: each in a file of its own, for candidates share their weights' file. */
async function portable({ source }: Run, candidates: readonly Candidate[], folder: string): Promise<readonly string[]> {
  const save = async (model: Model, name: string) => {
    const path = join(folder, name);
    await saveModel(model, path);
    return path;
  };
  const files = [source.converted ? await save(source.model, 'float.onnx') : source.files.model];
  for (const [i, { trial }] of candidates.entries()) files.push(await save(trial.model, `candidate-${i + 1}.onnx`));
  return files;
}

/** Names models by the hash of their content, in the order in which they were timed, for files go. */
function withHashes(measured: BenchResult, hashes: readonly string[]): BenchResult {
  return {
    ...measured,
    models: measured.models.map((model, i) => ({ ...model, path: hashes[i] })),
    ratios: measured.ratios.map((ratio, i) => ({ ...ratio, path: hashes[i + 1] })),
  };
}
