import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { findModelFolder, type ModelFiles } from '../../data/model-folder.js';
import { hashModel, loadModel } from '../../graph/from-onnx.js';
import type { Model } from '../../graph/model.js';
import type { Feeds } from '../../graph/observe.js';
import { asFloatModel } from '../../graph/precision.js';
import { saveModel } from '../../graph/to-onnx.js';
import { QDQ_OPSETS, upgradeOpset } from '../../graph/upgrade.js';
import { BitloomError } from '../../kernel/errors.js';
import { type Observer, silent } from '../../kernel/observer.js';
import { once } from '../../kernel/once.js';
import { ortRuntime } from '../../runtime/ort.js';
import { simplify } from '../../simplify/simplify.js';
import type { Runnable } from '../baseline/evaluations.js';

/** A model made ready for quantization. */
export interface OpenedModel {
  readonly files: ModelFiles;
  readonly hash: string;
  readonly bytes: number;
  /** What it was when it came: float32, float16, ... */
  readonly precision: string;
  /** Whether `model` takes and gives other types than the file does. */
  readonly converted: boolean;
  /** In float32, without what hides weights, of an opset in which channels have scales; emission goes on to 21 where a format needs it. */
  readonly model: Model;
  /** What the user should know of the way here. */
  readonly notes: readonly string[];
}

/** Loads a model and brings it into the form that units are found in. */
export async function openModel(path: string, observer: Observer = silent): Promise<OpenedModel> {
  const files = await findModelFolder(path);
  const loaded = await loadModel(files.model);
  return inFile(files.model, () => prepareModel(files, loaded, observer));
}

async function prepareModel(files: ModelFiles, loaded: Model, observer: Observer): Promise<OpenedModel> {
  const { model: float, precision, handling, note } = asFloatModel(loaded);
  const upgraded = upgradeOpset(float, QDQ_OPSETS.perChannel);
  const { model, passes } = await simplify(upgraded, { evaluate: runOnce });
  for (const { name, changes, notes } of passes) {
    if (changes > 0) observer.trace(`${name}: ${changes} rewrites`);
    for (const text of notes) observer.trace(`${name}: ${text}`);
  }
  const { size } = await stat(files.model);
  const hash = await hashModel(files.model);
  const converted = handling === 'converted';
  return { files, hash, bytes: size, precision, converted, model, notes: note ? [note] : [] };
}

/** The float model that takes the samples: in the user's own file, or where that was converted in one in `folder`. */
export function floatModel({ files, hash, model, converted }: OpenedModel, folder: string): Runnable {
  const convert = async () => {
    const path = join(folder, 'float.onnx');
    await saveModel(model, path, { externalData: { file: 'float.bin' } });
    return path;
  };
  return { hash, file: converted ? once(convert) : async () => files.model };
}

/** What is wrong with the model is told with its file. */
async function inFile<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof BitloomError)) throw cause;
    throw new BitloomError(
      cause.problems.map((problem) => ({ ...problem, place: { file, ...problem.place } })),
      { cause },
    );
  }
}

/** Runs a model once, in this process. */
export async function runOnce(model: Uint8Array | string, feeds: Feeds): Promise<Feeds> {
  const session = await ortRuntime.open(model);
  try {
    return await session.run(feeds);
  } finally {
    await session.close();
  }
}
