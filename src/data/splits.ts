import { BitloomError } from '../kernel/errors.js';
import { random, shuffled } from '../kernel/random.js';
import type { Dataset, Splits } from './dataset.js';

export type PartName = keyof Splits<unknown>;

/** A number of samples (an integer from 1), or a fraction of the set (below 1). */
export type Amount = number;

export interface SplitOptions {
  readonly seed: number;
  /** By default 256 or a quarter of the set, whichever is less; the other parts share the rest equally. */
  readonly amounts?: Partial<Splits<Amount>>;
  /** Use at most this many samples of the set in all. */
  readonly samples?: number;
}

const LARGEST_CALIBRATION = 256;
const CALIBRATION_FRACTION = 0.25;

/**
 * Divides a set into disjoint parts in an order that the seed fixes. Where labels are classes known without reading, the
 * division is stratified: each part holds each class in proportion, to within one sample.
 */
export function splitIndices(dataset: Dataset, parts: readonly PartName[], options: SplitOptions) {
  const order = stratifiedOrder(dataset, options.seed).slice(0, options.samples);
  const sizes = partSizes(dataset.name, parts, order.length, options.amounts ?? {});
  const result: Partial<Record<PartName, readonly number[]>> = {};
  let from = 0;
  for (const [i, part] of parts.entries()) {
    result[part] = order.slice(from, from + sizes[i]);
    from += sizes[i];
  }
  return result;
}

/**
 * All indices, so ordered that every run of them is a fair sample of the classes. Systematic sampling: the k-th of n
 * members of a class stands at (k + u) / n, with one random u for each class, so that rare classes fall anywhere.
 */
export function stratifiedOrder(dataset: Dataset, seed: number): readonly number[] {
  const source = random(seed);
  const indices = shuffled([...Array(dataset.length).keys()], source);
  const classes = byClass(dataset, indices);
  const placed = [...classes.values()].flatMap((members) => {
    const start = source.uniform();
    return members.map((index, k) => ({ index, at: (k + start) / members.length }));
  });
  return placed.sort((a, b) => a.at - b.at).map(({ index }) => index);
}

function byClass(dataset: Dataset, indices: readonly number[]): ReadonlyMap<number | undefined, readonly number[]> {
  const classes = new Map<number | undefined, number[]>();
  for (const index of indices) {
    const label = classOf(dataset, index);
    const members = classes.get(label);
    if (members) members.push(index);
    else classes.set(label, [index]);
  }
  return classes;
}

/** Labels of positions are no classes of samples: they make one stratum. */
function classOf(dataset: Dataset, index: number): number | undefined {
  const label = dataset.label?.(index);
  return typeof label === 'number' ? label : undefined;
}

function partSizes(
  name: string,
  parts: readonly PartName[],
  length: number,
  amounts: Partial<Splits<Amount>>,
): readonly number[] {
  const asked = parts.map((part) => askedSize(part, amounts[part], parts, length));
  const taken = asked.reduce<number>((total, size) => total + (size ?? 0), 0);
  const open = asked.filter((size) => size === undefined).length;
  const share = Math.floor((length - taken) / Math.max(1, open));
  const sizes = asked.map((size) => size ?? share);
  if (taken <= length && sizes.every((size) => size >= 1)) return sizes;
  throw tooFew(name, parts, length, amounts);
}

function askedSize(
  part: PartName,
  amount: Amount | undefined,
  parts: readonly PartName[],
  length: number,
): number | undefined {
  if (amount !== undefined) return amount < 1 ? Math.round(amount * length) : amount;
  if (part !== 'calibration' || parts.length === 1) return undefined;
  return Math.min(LARGEST_CALIBRATION, Math.floor(length * CALIBRATION_FRACTION));
}

function tooFew(
  name: string,
  parts: readonly PartName[],
  length: number,
  amounts: Partial<Splits<Amount>>,
): BitloomError {
  const asked = parts.map((part) => (amounts[part] === undefined ? part : `${part} ${amounts[part]}`));
  return new BitloomError({
    kind: 'data',
    code: 'too-few-samples',
    message: `${length} samples are too few to divide into ${asked.join(', ')}`,
    place: { file: name },
    hint: 'Use more data, or give the parts as sets of their own: --calibration, --selection, --holdout.',
  });
}
