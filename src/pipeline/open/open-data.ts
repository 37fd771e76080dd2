import { join } from 'node:path';
import type { DataOptions } from '../../data/data-options.js';
import type { PreparedSet, Splits } from '../../data/dataset.js';
import { openDataset } from '../../data/open.js';
import { ownIndices, type Part, type PartSources, partition } from '../../data/parts.js';
import { prepare } from '../../data/prepared.js';
import type { GivenSamples } from '../../data/sample-module.js';
import { type PartName, type SplitOptions, stratifiedOrder } from '../../data/splits.js';
import { requiredInputs } from '../../graph/constants.js';
import type { Observer } from '../../kernel/observer.js';
import type { OpenedModel } from './open-model.js';

/** A path, or samples that a program makes. */
export type DataSource = string | GivenSamples;

export interface DataRequest {
  /** Divided into the parts that have no set of their own. */
  readonly data?: DataSource;
  readonly calibration?: DataSource;
  readonly selection?: DataSource;
  readonly holdout?: DataSource;
  /** Most samples of each set given. */
  readonly samples?: number;
  readonly seed: number;
}

const PARTS: readonly PartName[] = ['calibration', 'selection', 'holdout'];

/** What a user says of how data is read. */
export type DataReading = Pick<DataOptions, 'labels' | 'preprocess' | 'tokenizer' | 'maxLength'>;

/** How data is read for a model, as a user asked. */
export function dataOptions(
  { labels, preprocess, tokenizer, maxLength }: DataReading,
  { model, files }: Pick<OpenedModel, 'model' | 'files'>,
): DataOptions {
  return {
    inputs: requiredInputs(model.graph),
    outputs: model.graph.outputs,
    model: files,
    ...(labels !== undefined && { labels }),
    ...(preprocess !== undefined && { preprocess }),
    ...(tokenizer !== undefined && { tokenizer }),
    ...(maxLength !== undefined && { maxLength }),
  };
}

/** Samples of one set, or all of it, prepared into `file`: `samples` of them in an order that the seed fixes. */
export async function prepareSome(
  request: DataReading & { readonly data: DataSource; readonly samples?: number; readonly seed: number },
  model: Pick<OpenedModel, 'model' | 'files'>,
  file: string,
  signal: AbortSignal | undefined,
): Promise<PreparedSet> {
  const dataset = await openDataset(request.data, { ...dataOptions(request, model), ...(signal && { signal }) });
  const indices = stratifiedOrder(dataset, request.seed).slice(0, request.samples);
  return prepare(dataset, indices, file, signal ? { signal } : {});
}

/** The three parts on disk, and what the user should know of them. */
export interface OpenedData {
  readonly sets: Splits<PreparedSet>;
  readonly notes: readonly string[];
}

/** Where prepared sets go, and who watches. */
export interface Into {
  readonly folder: string;
  readonly observer: Observer;
  readonly signal: AbortSignal | undefined;
}

/** Reads, divides and prepares the three sets into files in `folder`. */
export async function openSplits(
  request: DataRequest,
  options: DataOptions,
  { folder, observer, signal }: Into,
): Promise<OpenedData> {
  const { parts, notes } = await openParts(request, { ...options, ...(signal && { signal }) });
  const total = PARTS.reduce((sum, name) => sum + parts[name].indices.length, 0);
  let before = 0;
  const write = async (name: PartName) => {
    const { dataset, indices } = parts[name];
    const set = await prepare(dataset, indices, join(folder, `${name}.samples`), {
      onProgress: (done) => observer.progress({ stage: 'data', done: before + done, total, note: name }),
      ...(signal && { signal }),
    });
    before += indices.length;
    return set;
  };
  const calibration = await write('calibration');
  const selection = await write('selection');
  return { sets: { calibration, selection, holdout: await write('holdout') }, notes };
}

/** The calibration part alone, of the very samples that `openSplits` takes for it. */
export async function openCalibration(
  request: DataRequest,
  options: DataOptions,
  { folder, observer, signal }: Into,
): Promise<{ readonly set: PreparedSet; readonly notes: readonly string[] }> {
  const opened = { ...options, ...(signal && { signal }) };
  const { part, notes } =
    request.data === undefined
      ? await ownCalibration(request, opened)
      : await openParts(request, opened).then(({ parts, notes }) => ({ part: parts.calibration, notes }));
  const set = await prepare(part.dataset, part.indices, join(folder, 'calibration.samples'), {
    onProgress: (done) => observer.progress({ stage: 'data', done, total: part.indices.length }),
    ...(signal && { signal }),
  });
  return { set, notes };
}

async function ownCalibration(request: DataRequest, options: DataOptions) {
  const sources = await openSources(request, options);
  if (!sources.calibration) throw new RangeError('neither data nor calibration samples were given');
  const { calibration } = sources;
  const part: Part = {
    dataset: calibration,
    indices: ownIndices(calibration, 'calibration', amounts(request, { calibration })),
  };
  return { part, notes: calibration.notes ?? [] };
}

/** Opens and divides the sets; no sample is decoded. */
export async function openParts(
  request: DataRequest,
  options: DataOptions,
): Promise<{ readonly parts: Splits<Part>; readonly notes: readonly string[] }> {
  const sources = await openSources(request, options);
  const { parts, warnings } = await partition(sources, amounts(request, sources));
  const notes = new Set([...warnings, ...Object.values(sources).flatMap(({ notes: own = [] }) => own)]);
  return { parts, notes: [...notes] };
}

/** Ranges and sensitivities need no labels, so a calibration set of one's own may lack them. */
async function openSources(request: DataRequest, options: DataOptions): Promise<PartSources> {
  const { labels: _, requireLabels: __, ...unlabelled } = options;
  const open = async (name: keyof PartSources) => {
    const source = request[name];
    if (source === undefined) return [];
    return [[name, await openDataset(source, name === 'calibration' ? unlabelled : options)] as const];
  };
  const opened = await Promise.all([open('data'), open('calibration'), open('selection'), open('holdout')]);
  return Object.fromEntries(opened.flat());
}

/** `samples` bounds each set given: those of one part by its amount, one that is divided as a whole. */
function amounts({ samples, seed }: DataRequest, sources: PartSources): SplitOptions {
  if (samples === undefined) return { seed };
  const own = PARTS.flatMap((name) => {
    const length = sources[name]?.length;
    return length === undefined ? [] : [[name, Math.min(samples, length)] as const];
  });
  return { seed, samples, amounts: Object.fromEntries(own) };
}
