import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, join, relative, resolve, sep } from 'node:path';
import { BitloomError } from '../kernel/errors.js';
import { hashFile } from '../kernel/hash-file.js';
import type { Dataset, Sample } from './dataset.js';
import { loadPixels } from './image-pixels.js';
import { type ImagePlan, toTensor, type ValueTable, valueTable } from './image-plan.js';
import { type LabelledFile, readLabelFile } from './label-file.js';
import { type LabelRules, parseLabel } from './labels.js';
import { problemList } from './problem-list.js';

const IMAGE = /\.(jpe?g|png|webp)$/i;

/** An image and, where known, its class. */
interface Entry {
  /** As the user knows it: relative to the folder. */
  readonly file: string;
  readonly path: string;
  readonly label?: number;
}

interface Listing {
  readonly entries: readonly Entry[];
  readonly labelled: boolean;
  readonly notes: readonly string[];
}

/**
 * Images under `folder`. Classes come from `labels` (a CSV), else from a `labels.csv` in the folder, else from the names of
 * its sub-folders; otherwise the set is unlabelled.
 */
export async function openImageFolder(
  folder: string,
  plan: ImagePlan,
  rules: LabelRules,
  labels?: string,
): Promise<Dataset> {
  const images = await listImages(folder);
  if (images.length === 0) throw noImages(folder);
  const csv = labels ?? [join(folder, 'labels.csv')].find(existsSync);
  const { entries, labelled, notes } = csv
    ? await listedImages(folder, images, csv, rules)
    : imagesByFolder(folder, images, rules);
  const table = valueTable(plan);
  return {
    name: folder,
    length: entries.length,
    labelled,
    notes,
    label: (index) => entries[index].label,
    fingerprint: (index) => hashFile(entries[index].path),
    read: (index) => readImage(entries[index], plan, table),
  };
}

/** Whether the folder, or one within it, holds an image. */
export async function hasImages(folder: string): Promise<boolean> {
  return (await listImages(folder)).length > 0;
}

async function listImages(folder: string): Promise<readonly string[]> {
  const files = await readdir(folder, { recursive: true });
  return files.filter((file) => IMAGE.test(file)).sort();
}

async function readImage({ file, path, label }: Entry, plan: ImagePlan, table: ValueTable): Promise<Sample> {
  const pixels = await loadPixels(path, plan).catch((cause: unknown) => {
    throw unreadable(file, path, cause);
  });
  const inputs = { [plan.input.name]: toTensor(plan, table, pixels) };
  return { id: file, inputs, ...(label === undefined ? {} : { label }) };
}

function unreadable(file: string, path: string, cause: unknown): BitloomError {
  if (cause instanceof BitloomError) {
    return new BitloomError(
      cause.problems.map((problem) => ({ ...problem, place: { file: path } })),
      { cause },
    );
  }
  const reason = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
  return new BitloomError(
    {
      kind: 'data',
      code: 'unreadable-image',
      message: `cannot be read as an image: ${reason.replace(`${path}: `, '')}`,
      place: { file: path, ...(file === path ? {} : { sample: file }) },
      hint: 'Remove or replace the file.',
    },
    { cause },
  );
}

/** Files that a CSV lists, found by their path from the folder, from the CSV's folder, or by a name that is unique. */
async function listedImages(
  folder: string,
  images: readonly string[],
  csv: string,
  rules: LabelRules,
): Promise<Listing> {
  const find = finder(folder, images, join(csv, '..'));
  const problems = problemList();
  const entries: Entry[] = [];
  for (const listed of await readLabelFile(csv, rules)) {
    const path = find(listed.file);
    if (path) entries.push({ file: listed.file, path, label: listed.label });
    else problems.add(notFound(csv, listed, folder));
  }
  problems.throwIfAny();
  const left = images.length - entries.length;
  const notes =
    left > 0 ? [`${left} of ${images.length} images in ${folder} have no label in ${csv} and are left out`] : [];
  return { entries, labelled: true, notes };
}

function finder(folder: string, images: readonly string[], csvFolder: string): (file: string) => string | undefined {
  const known = new Set(images);
  const byName = new Map<string, string | undefined>();
  for (const image of images) byName.set(basename(image), byName.has(basename(image)) ? undefined : image);
  return (file) => {
    const inside = [file, relative(resolve(folder), resolve(csvFolder, file))].find((path) => known.has(path));
    const image = inside ?? byName.get(file);
    return image === undefined ? undefined : join(folder, image);
  };
}

function notFound(csv: string, { file, line }: LabelledFile, folder: string) {
  return {
    kind: 'data',
    code: 'listed-file-missing',
    message: `${file} is listed, but is not in ${folder}`,
    place: { file: csv, line },
  } as const;
}

/** Sub-folder names that are all integers are classes themselves; others count in alphabetical order. */
function imagesByFolder(folder: string, images: readonly string[], rules: LabelRules): Listing {
  const classOf = (image: string) => image.split(sep).slice(0, -1).join('/');
  const names = [...new Set(images.map(classOf))].sort();
  if (names.length < 2 || names.includes('')) return unlabelled(folder, images);
  const numbered = names.every((name) => /^\d+$/.test(name));
  const known = !numbered && rules.names !== undefined && names.every((name) => rules.names?.includes(name));
  const labels = new Map(
    names.map((name, i) => [name, parseLabel(numbered || known ? name : i, rules, { file: join(folder, name) })]),
  );
  const entries = images.map((file) => {
    const label = labels.get(classOf(file));
    return { file, path: join(folder, file), ...(label === undefined ? {} : { label }) };
  });
  const order = numbered ? 'by number' : known ? 'by name' : 'in alphabetical order';
  return { entries, labelled: true, notes: [`${names.length} classes from the sub-folders of ${folder}, ${order}`] };
}

function unlabelled(folder: string, images: readonly string[]): Listing {
  return { entries: images.map((file) => ({ file, path: join(folder, file) })), labelled: false, notes: [] };
}

function noImages(folder: string): BitloomError {
  return new BitloomError({
    kind: 'data',
    code: 'empty-data-set',
    message: 'holds no JPEG, PNG or WebP image',
    place: { file: folder, option: 'data' },
  });
}
