import { BitloomError } from '../kernel/errors.js';
import type { Dataset, Splits } from './dataset.js';
import { type PartName, type SplitOptions, splitIndices } from './splits.js';

/** Samples of a data set, by position. */
export interface Part {
  readonly dataset: Dataset;
  readonly indices: readonly number[];
}

/** One set to divide, sets for single parts, or both: given sets replace their parts of the division. */
export interface PartSources extends Partial<Splits<Dataset>> {
  readonly data?: Dataset;
}

export interface Partition {
  readonly parts: Splits<Part>;
  /** What the user should know, such as samples that were left out of a part. */
  readonly warnings: readonly string[];
}

const NAMES: readonly PartName[] = ['calibration', 'selection', 'holdout'];

/** Above this number of samples the search for equal ones is left out: it reads every sample's source once. */
const COMPARED = 20_000;

/**
 * Calibration, selection and holdout, disjoint also in content: a sample that stands in a later part (holdout last) is left
 * out of the earlier ones, so that no reported figure comes from a sample that decided.
 */
export async function partition(sources: PartSources, options: SplitOptions): Promise<Partition> {
  const missing = NAMES.filter((name) => !sources[name]);
  if (missing.length > 0 && !sources.data) throw noData(missing);
  const split = sources.data && missing.length > 0 ? splitIndices(sources.data, missing, options) : {};
  const partOf = (name: PartName): Part => {
    const own = sources[name];
    if (own) return { dataset: own, indices: ownIndices(own, name, options) };
    if (sources.data) return { dataset: sources.data, indices: split[name] ?? [] };
    throw noData([name]);
  };
  const parts = { calibration: partOf('calibration'), selection: partOf('selection'), holdout: partOf('holdout') };
  return withoutRepeats(parts, sources);
}

/** The samples of a set that was given for one part: the whole of it, unless a size is asked for the part. */
export function ownIndices(dataset: Dataset, name: PartName, options: SplitOptions): readonly number[] {
  if (options.amounts?.[name] === undefined) return [...Array(dataset.length).keys()];
  return splitIndices(dataset, [name], options)[name] ?? [];
}

/** A given set of which more than half must go was given twice; a divided set may repeat itself. */
async function withoutRepeats(parts: Splits<Part>, sources: PartSources): Promise<Partition> {
  const total = NAMES.reduce((count, name) => count + parts[name].indices.length, 0);
  if (total > COMPARED) return { parts, warnings: [`more than ${COMPARED} samples: not searched for equal ones`] };
  const seen = new Set<string>();
  const kept: Record<PartName, Part> = { ...parts };
  const warnings: string[] = [];
  for (const name of NAMES.toReversed()) {
    const { part, left } = await unseen(parts[name], seen);
    const { length } = parts[name].indices;
    const most = sources[name] ? length / 2 : length - 1;
    if (left > most) throw overlapping(name, parts[name], left);
    if (left > 0) warnings.push(`${left} of ${length} samples of ${name} stand in a later part too: left out`);
    kept[name] = part;
  }
  return { parts: kept, warnings };
}

/** Samples that no later part holds; adds all of them to `seen`. Equal samples within one part stay. */
async function unseen({ dataset, indices }: Part, seen: Set<string>) {
  const { fingerprint } = dataset;
  if (!fingerprint) return { part: { dataset, indices }, left: 0 };
  const prints: string[] = [];
  for (const index of indices) prints.push(await fingerprint(index));
  const kept = indices.filter((_, i) => !seen.has(prints[i]));
  for (const print of prints) seen.add(print);
  return { part: { dataset, indices: kept }, left: indices.length - kept.length };
}

function overlapping(name: PartName, { dataset, indices }: Part, left: number): BitloomError {
  return new BitloomError({
    kind: 'data',
    code: 'sets-overlap',
    message: `${left} of ${indices.length} samples of ${name} stand in a later part too`,
    place: { option: name, file: dataset.name },
    hint: 'Calibration observes, selection decides and holdout reports: give each samples of its own.',
  });
}

function noData(missing: readonly PartName[]): BitloomError {
  return new BitloomError({
    kind: 'option',
    code: 'data-missing',
    message: `there is no data for ${missing.join(', ')}`,
    place: { option: 'data' },
    hint: 'Give --data, or a set for each of --calibration, --selection and --holdout.',
  });
}
