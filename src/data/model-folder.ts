import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { BitloomError } from '../kernel/errors.js';
import { jsonFile } from './json-file.js';

/** What a Hugging Face `config.json` tells about data. */
export interface ModelConfig {
  /** Class names by index. */
  readonly classNames?: readonly string[];
  /** Longest sequence that the position embeddings allow. */
  readonly maxPositions?: number;
  readonly padId?: number;
  readonly architectures?: readonly string[];
}

/** A model and the files beside it that say how it is fed. */
export interface ModelFiles {
  readonly model: string;
  readonly tokenizer?: string;
  readonly tokenizerConfig?: string;
  readonly preprocessor?: string;
  readonly config?: ModelConfig;
}

const MODELS = ['onnx/model.onnx', 'model.onnx'];

/**
 * A model file, or a Hugging Face folder: `onnx/model.onnx` (or `model.onnx`) with `config.json`, `tokenizer.json` and
 * `preprocessor_config.json`. For a file the folder is its own, or the one above when it lies in `onnx/`.
 */
export async function findModelFolder(path: string): Promise<ModelFiles> {
  const kind = await stat(path).catch(() => undefined);
  if (!kind) throw missing(path, 'there is no such file or folder');
  if (!kind.isDirectory()) return { model: path, ...(await beside(path)) };
  const model = MODELS.map((name) => join(path, name)).find(existsSync);
  if (!model) throw missing(path, `holds no model: looked for ${MODELS.join(' and ')}`);
  return { model, ...(await filesIn(path)) };
}

/** Configuration without a `config.json` belongs to nobody: other files that lie there are not taken for the model's. */
async function beside(model: string): Promise<Omit<ModelFiles, 'model'>> {
  const folder = dirname(resolve(model));
  const home = basename(folder) === 'onnx' ? dirname(folder) : folder;
  return existsSync(join(home, 'config.json')) ? filesIn(home) : {};
}

async function filesIn(folder: string): Promise<Omit<ModelFiles, 'model'>> {
  const found = (...names: string[]) => names.map((name) => join(folder, name)).find(existsSync);
  const tokenizer = found('tokenizer.json', 'vocab.txt');
  const tokenizerConfig = found('tokenizer_config.json');
  const preprocessor = found('preprocessor_config.json');
  const config = found('config.json');
  return {
    ...(tokenizer && { tokenizer }),
    ...(tokenizerConfig && { tokenizerConfig }),
    ...(preprocessor && { preprocessor }),
    ...(config && { config: await readConfig(config) }),
  };
}

const schema = z.object({
  id2label: z.record(z.string(), z.string()).nullish(),
  max_position_embeddings: z.int().positive().nullish(),
  n_positions: z.int().positive().nullish(),
  pad_token_id: z.int().nonnegative().nullish(),
  architectures: z.array(z.string()).nullish(),
  model_type: z.string().nullish(),
});

async function readConfig(file: string): Promise<ModelConfig> {
  const parsed = schema.safeParse(jsonFile(file, await readFile(file, 'utf8')));
  if (!parsed.success)
    throw missing(file, parsed.error.issues.map((i) => `${i.path.join('.')}: ${i.message}`).join('; '));
  const { id2label, pad_token_id: padId, architectures } = parsed.data;
  const maxPositions = positions(parsed.data);
  return {
    ...(id2label && { classNames: namesOf(id2label) }),
    ...(maxPositions && { maxPositions }),
    ...(typeof padId === 'number' && { padId }),
    ...(architectures && { architectures }),
  };
}

function namesOf(id2label: Readonly<Record<string, string>>): readonly string[] {
  const names: string[] = [];
  for (const [index, name] of Object.entries(id2label)) names[Number(index)] = name;
  return Array.from(names, (name, i) => name ?? `LABEL_${i}`);
}

/** RoBERTa and its kin count positions from the padding id + 1 on, so that many are lost. */
function positions(config: z.output<typeof schema>): number | undefined {
  const stated = config.max_position_embeddings ?? config.n_positions;
  const offset = /roberta|camembert|mpnet/.test(config.model_type ?? '') ? (config.pad_token_id ?? 1) + 1 : 0;
  return stated ? stated - offset : undefined;
}

function missing(file: string, message: string): BitloomError {
  return new BitloomError({
    kind: 'io',
    code: 'model-folder',
    message,
    place: { file },
    hint: 'Give an .onnx file, or a folder with config.json, tokenizer.json or preprocessor_config.json, and onnx/model.onnx.',
  });
}
