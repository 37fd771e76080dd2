import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { didYouMean } from '../kernel/did-you-mean.js';
import { BitloomError } from '../kernel/errors.js';
import { openArrays } from './array-dataset.js';
import type { DataOptions } from './data-options.js';
import type { Dataset } from './dataset.js';
import { fromPreprocessorConfig, isPreprocessorConfig } from './hf-preprocessor.js';
import { hasImages, openImageFolder } from './image-folder.js';
import { type ImagePlan, imageInput, imagePlan } from './image-plan.js';
import { isRecord, jsonFile } from './json-file.js';
import { labelRulesOf } from './labels.js';
import { type ModelInput, modelInputs } from './model-inputs.js';
import { infersNextToken } from './next-token.js';
import { openNpy } from './npy.js';
import { openNpz } from './npz.js';
import { PRESETS, type Preprocessing, parsePreprocessing, presetPreprocessing } from './preprocessing.js';
import { openRecords, RECORD_EXTENSIONS } from './record-file.js';
import { type GivenSamples, isModule, openModule, openSamples } from './sample-module.js';
import { sequencePlan } from './sequence-plan.js';
import { openTestData, testDataFolders } from './test-data-folders.js';
import { openText } from './text-dataset.js';
import { findTokenizer, loadTokenizer, padIdBeside } from './tokenizer.js';

interface Opening extends DataOptions {
  readonly wanted: readonly ModelInput[];
}

/**
 * Opens data for a model: a folder of images or of `test_data_set_*`, a `.npz` or `.npy`, text or token ids as JSON, JSONL,
 * CSV, TSV or plain lines, a module that exports samples, or an iterable of samples.
 */
export async function openDataset(source: string | GivenSamples, options: DataOptions): Promise<Dataset> {
  const opening = { ...options, wanted: modelInputs(options.inputs) };
  const dataset =
    typeof source === 'string' ? await openPath(source, opening) : await openSamples('samples', source, given(opening));
  if (options.requireLabels && !dataset.labelled) throw unlabelled(dataset.name);
  return dataset;
}

async function openPath(path: string, opening: Opening): Promise<Dataset> {
  const kind = await stat(path).catch(() => undefined);
  if (!kind) throw unusable(path, 'there is no such file or folder');
  if (kind.isDirectory()) return openFolder(path, opening);
  const extension = extname(path).toLowerCase();
  if (extension === '.npz' || extension === '.npy') return openArrayFile(path, opening);
  refuseLabelFile(path, opening);
  if (RECORD_EXTENSIONS.includes(extension)) return openRecordFile(path, opening);
  if (isModule(path)) return openModule(path, given(opening));
  throw unusable(path, `is of no kind that can be read (${extension || 'no extension'})`);
}

async function openFolder(path: string, opening: Opening): Promise<Dataset> {
  const folders = await testDataFolders(path);
  if (folders.length > 0) {
    refuseLabelFile(path, opening);
    return openTestData(path, folders, opening.wanted);
  }
  if (!(await hasImages(path))) throw unusable(path, 'holds neither images nor test_data_set_* folders');
  const plan = await planFor(imageInput(opening.wanted), opening);
  return openImageFolder(path, plan, rulesOf(opening), opening.labels);
}

async function openArrayFile(path: string, opening: Opening): Promise<Dataset> {
  const arrays = path.endsWith('.npz') ? new Map(await openNpz(path)) : new Map([['images', await openNpy(path)]]);
  if (opening.labels) arrays.set('labels', await openNpy(opening.labels));
  return openArrays({
    file: path,
    arrays,
    inputs: opening.wanted,
    rules: rulesOf(opening),
    imagePlan: (input) => planFor(input, opening),
  });
}

async function openRecordFile(path: string, opening: Opening): Promise<Dataset> {
  const records = await openRecords(path);
  const file = opening.tokenizer ?? opening.model?.tokenizer ?? findTokenizer(path);
  const tokenizer = file ? await loadTokenizer(file, configOf(file, opening)) : undefined;
  const padId = opening.padId ?? opening.model?.config?.padId ?? tokenizer?.padId ?? (await padIdBeside(path));
  const plan = sequencePlan(opening.wanted, padId);
  if (!plan) throw notText(path, opening.wanted);
  const limits = [opening.maxLength, tokenizer?.maxLength, opening.model?.config?.maxPositions, plan.fixedLength];
  const reading = {
    records,
    plan,
    rules: rulesOf(opening),
    maxLength: Math.min(...limits.filter((limit) => limit !== undefined), Number.MAX_SAFE_INTEGER),
    ...(tokenizer && { tokenizer }),
  };
  return openText({ ...reading, nextToken: opening.nextToken ?? (await infersNextToken(reading, opening)) });
}

/** The model's tokenizer_config.json speaks of the model's tokenizer; another has its own beside it. */
function configOf(tokenizer: string, { model }: Opening): string | undefined {
  if (tokenizer === model?.tokenizer) return model.tokenizerConfig;
  return [join(tokenizer, '..', 'tokenizer_config.json')].find(existsSync);
}

async function planFor(input: ModelInput, opening: Opening): Promise<ImagePlan> {
  return imagePlan(input, await preprocessingOf(input, opening));
}

/** As asked; else as the model's folder says; else, for a model that takes bytes, as they are. */
async function preprocessingOf(input: ModelInput, { preprocess, model }: Opening): Promise<Preprocessing> {
  if (preprocess) return readPreprocessing(preprocess);
  if (model?.preprocessor) return preprocessingFile(model.preprocessor);
  if (input.dtype === 'uint8') return presetPreprocessing('none');
  throw new BitloomError({
    kind: 'option',
    code: 'preprocessing-needed',
    message: 'how the model wants its images is not known',
    place: { option: 'preprocess' },
    hint: `Give one of ${Object.keys(PRESETS).join(', ')}, a JSON file, or a preprocessor_config.json.`,
  });
}

/** A preset with its changes, or a JSON file of our fields or of Hugging Face's. */
export async function readPreprocessing(text: string): Promise<Preprocessing> {
  return text.endsWith('.json') ? preprocessingFile(text) : presetPreprocessing(text);
}

async function preprocessingFile(file: string): Promise<Preprocessing> {
  const place = { file, option: 'preprocess' };
  if (!existsSync(file)) {
    throw new BitloomError({ kind: 'option', code: 'preprocessing-missing', message: 'there is no such file', place });
  }
  const data = jsonFile(file, await readFile(file, 'utf8'));
  if (isPreprocessorConfig(data)) return fromPreprocessorConfig(data, { file });
  return parsePreprocessing(isRecord(data) ? data : {}, { file });
}

/** Texts, modules and test data hold their labels themselves or have none. */
function refuseLabelFile(file: string, { labels }: Opening): void {
  if (!labels) return;
  throw new BitloomError({
    kind: 'option',
    code: 'labels-not-used',
    message: `${labels} cannot label ${file}`,
    place: { option: 'labels' },
    hint: 'A file of labels goes with a folder of images or an array of them.',
  });
}

function rulesOf({ outputs, model }: Opening) {
  return labelRulesOf(outputs, model?.config?.classNames);
}

function given(opening: Opening) {
  const { wanted: inputs, limit, signal } = opening;
  return { inputs, rules: rulesOf(opening), ...(limit !== undefined && { limit }), ...(signal && { signal }) };
}

const KINDS =
  'Data is a folder of images or of test_data_set_*, an .npz or .npy, .json, .jsonl, .csv, .tsv or .txt, or a .js module.';

function unusable(path: string, message: string): BitloomError {
  const extension = extname(path);
  const known = ['.npz', '.npy', ...RECORD_EXTENSIONS, '.js'];
  const near = extension && !known.includes(extension) ? didYouMean(extension, known) : '';
  const hint = near.startsWith('Did') ? `${near} ${KINDS}` : KINDS;
  return new BitloomError({ kind: 'data', code: 'unknown-data', message, place: { option: 'data', file: path }, hint });
}

function unlabelled(file: string): BitloomError {
  return new BitloomError({
    kind: 'data',
    code: 'unlabelled-data-set',
    message: 'has no labels, and the metric needs them',
    place: { file },
    hint: 'Give --labels labels.csv (file,label), or measure without labels: --metric agreement or --metric kl.',
  });
}

function notText(path: string, inputs: readonly ModelInput[]): BitloomError {
  return new BitloomError({
    kind: 'data',
    code: 'input-mismatch',
    message: `text needs a model that takes token ids; this one takes ${inputs.map(({ name }) => name).join(', ')}`,
    place: { file: path },
  });
}
