import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { BitloomError } from '../kernel/errors.js';
import { hashFile } from '../kernel/hash-file.js';
import type { DenseTensor } from '../kernel/tensor.js';
import type { Dataset, Sample } from './dataset.js';
import { hashOf } from './fingerprint.js';
import { fitted, type ModelInput } from './model-inputs.js';
import { problemList } from './problem-list.js';
import { readTensorFile } from './tensor-file.js';

const NAME = /^test_data_set_(\d+)$/;

/** The `test_data_set_*` folders in `folder`, by number, or the folder itself if it is one; none otherwise. */
export async function testDataFolders(folder: string): Promise<readonly string[]> {
  if (existsSync(join(folder, 'input_0.pb'))) return [folder];
  const names = (await readdir(folder)).filter((name) => NAME.test(name));
  const number = (name: string) => Number(NAME.exec(name)?.[1]);
  return names.sort((a, b) => number(a) - number(b)).map((name) => join(folder, name));
}

/** ONNX's own test data: `input_<i>.pb` is the model's input i. There are no labels. */
export async function openTestData(
  name: string,
  folders: readonly string[],
  inputs: readonly ModelInput[],
): Promise<Dataset> {
  const files = (index: number) => inputs.map((_, i) => join(folders[index], `input_${i}.pb`));
  const problems = problemList();
  for (const file of folders.flatMap((_, index) => files(index))) {
    const problem = { kind: 'data', code: 'input-missing', message: 'there is no such file', place: { file } } as const;
    if (!existsSync(file)) problems.add(problem);
  }
  problems.throwIfAny();
  return {
    name,
    length: folders.length,
    labelled: false,
    fingerprint: async (index) => hashOf(...(await Promise.all(files(index).map(hashFile)))),
    read: (index) => readFolder(basename(folders[index]), files(index), inputs),
  };
}

async function readFolder(id: string, files: readonly string[], inputs: readonly ModelInput[]): Promise<Sample> {
  const tensors: Record<string, DenseTensor> = {};
  for (const [i, input] of inputs.entries()) tensors[input.name] = fitted(input, await tensorAt(files[i]), id);
  return { id, inputs: tensors };
}

async function tensorAt(file: string): Promise<DenseTensor> {
  try {
    return await readTensorFile(file);
  } catch (cause) {
    if (!(cause instanceof BitloomError)) throw cause;
    const named = cause.problems.map((problem) => ({ ...problem, place: { ...problem.place, file } }));
    throw new BitloomError(named, { cause });
  }
}
