import { join } from 'node:path';
import type { DataOptions } from '../data/data-options.js';
import type { Dataset, PreparedSet, Splits } from '../data/dataset.js';
import { openDataset } from '../data/open.js';
import { prepare } from '../data/prepared.js';
import type { GivenSamples } from '../data/sample-module.js';
import { type PartName, splitIndices } from '../data/splits.js';
import { BitloomError } from '../kernel/errors.js';
import type { Observer } from '../kernel/observer.js';
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

/** Some samples of an opened set. */
interface Part {
  readonly dataset: Dataset;
  readonly indices: readonly number[];
}

const PARTS: readonly PartName[] = ['calibration', 'selection', 'holdout'];

/** What a user says of how data is read. */
export type ReadingRequest = Pick<DataOptions, 'labels' | 'preprocess' | 'tokenizer' | 'maxLength'>;

/** How data is read for a model, as a user asked. */
export function dataOptions(
  { labels, preprocess, tokenizer, maxLength }: ReadingRequest,
  { model, files }: Pick<OpenedModel, 'model' | 'files'>,
): DataOptions {
  return {
    inputs: model.graph.inputs.filter(({ name }) => !model.graph.initializers.has(name)),
    outputs: model.graph.outputs,
    model: files,
    ...(labels !== undefined && { labels }),
    ...(preprocess !== undefined && { preprocess }),
    ...(tokenizer !== undefined && { tokenizer }),
    ...(maxLength !== undefined && { maxLength }),
  };
}

/** Reads, divides and prepares the three sets into files in `folder`. */
export async function openSplits(
  request: DataRequest,
  options: DataOptions,
  folder: string,
  observer: Observer,
): Promise<Splits<PreparedSet>> {
  const parts = await openParts(request, options);
  const total = PARTS.reduce((sum, name) => sum + parts[name].indices.length, 0);
  let before = 0;
  const write = async (name: PartName) => {
    const { dataset, indices } = parts[name];
    const set = await prepare(dataset, indices, join(folder, `${name}.samples`), {
      onProgress: (done) => observer.progress({ stage: 'data', done: before + done, total, note: name }),
    });
    before += indices.length;
    return set;
  };
  const calibration = await write('calibration');
  const selection = await write('selection');
  return { calibration, selection, holdout: await write('holdout') };
}

async function openParts(request: DataRequest, options: DataOptions): Promise<Splits<Part>> {
  const own = PARTS.filter((name) => request[name] !== undefined);
  const shared = PARTS.filter((name) => request[name] === undefined);
  const divided = shared.length > 0 ? await divide(request, shared, options) : {};
  const given = await Promise.all(own.map(async (name) => [name, await openWhole(request, name, options)] as const));
  const parts: Partial<Splits<Part>> = { ...divided, ...Object.fromEntries(given) };
  const { calibration, selection, holdout } = parts;
  if (!calibration || !selection || !holdout) throw new Error('unreachable: every part is divided or given');
  return { calibration, selection, holdout };
}

async function divide(request: DataRequest, names: readonly PartName[], options: DataOptions) {
  if (request.data === undefined) throw noData(names);
  const dataset = await openDataset(request.data, options);
  const { seed, samples } = request;
  const indices = splitIndices(dataset, names, { seed, ...(samples !== undefined && { samples }) });
  return Object.fromEntries(names.map((name): [PartName, Part] => [name, { dataset, indices: indices[name] ?? [] }]));
}

/** Ranges and sensitivities need no labels, so a calibration set of one's own may lack them. */
async function openWhole(
  { samples, seed, ...request }: DataRequest,
  name: PartName,
  options: DataOptions,
): Promise<Part> {
  const source = request[name];
  if (source === undefined) throw noData([name]);
  const { labels: _, requireLabels, ...rest } = options;
  const dataset = await openDataset(source, name === 'calibration' ? rest : options);
  const indices = splitIndices(dataset, [name], { seed, ...(samples !== undefined && { samples }) });
  return { dataset, indices: indices[name] ?? [] };
}

function noData(names: readonly PartName[]): BitloomError {
  return new BitloomError({
    kind: 'option',
    code: 'no-data',
    message: `nothing to take the ${names.join(', ')} samples from`,
    place: { option: 'data' },
    hint: 'give --data, or a set of its own for each part',
  });
}
