import { existsSync } from 'node:fs';
import { BitloomError } from '../kernel/errors.js';
import { type LabelRules, parseLabel } from './labels.js';
import { type ProblemList, problemList } from './problem-list.js';
import { tableRows } from './table-file.js';

export interface LabelledFile {
  readonly file: string;
  readonly label: number;
  readonly line: number;
}

const FILE_COLUMNS = ['file', 'filename', 'file_name', 'image', 'path', 'name', 'id'];
const LABEL_COLUMNS = ['label', 'labels', 'class', 'class_id', 'target', 'category', 'y'];

interface Columns {
  readonly file: number;
  readonly label: number;
  readonly header: boolean;
}

/**
 * `file,label` rows of a CSV or TSV. A first row with known column names is a header; without one the columns are file
 * and label. Bad rows are reported together.
 */
export async function readLabelFile(labels: string, rules: LabelRules): Promise<readonly LabelledFile[]> {
  if (!existsSync(labels)) throw noLabelFile(labels);
  const problems = problemList();
  const found = new Map<string, LabelledFile>();
  let columns: Columns | undefined;
  for await (const { cells, line } of tableRows(labels)) {
    const first = columns === undefined;
    columns ??= columnsOf(cells);
    if (first && columns.header) continue;
    const entry = entryOf(labels, cells, line, columns, rules, problems);
    if (!entry) continue;
    if (found.has(entry.file)) problems.add(twice(labels, entry));
    found.set(entry.file, entry);
  }
  problems.throwIfAny();
  if (found.size === 0) throw emptyLabels(labels);
  return [...found.values()];
}

function columnsOf(cells: readonly string[]): Columns {
  const names = cells.map((cell) => cell.toLowerCase());
  const file = names.findIndex((name) => FILE_COLUMNS.includes(name));
  const label = names.findIndex((name) => LABEL_COLUMNS.includes(name));
  return file >= 0 && label >= 0 ? { file, label, header: true } : { file: 0, label: 1, header: false };
}

function entryOf(
  labels: string,
  cells: readonly string[],
  line: number,
  columns: Columns,
  rules: LabelRules,
  problems: ProblemList,
): LabelledFile | undefined {
  try {
    const place = { file: labels, line };
    return { file: cells[columns.file] ?? '', label: parseLabel(cells[columns.label] ?? '', rules, place), line };
  } catch (error) {
    problems.caught(error);
    return undefined;
  }
}

function twice(labels: string, { file, line }: LabelledFile) {
  return {
    kind: 'data',
    code: 'file-listed-twice',
    message: `${file} is listed twice`,
    place: { file: labels, line },
  } as const;
}

function noLabelFile(file: string): BitloomError {
  const place = { file, option: 'labels' };
  return new BitloomError({ kind: 'data', code: 'labels-missing', message: 'there is no such file', place });
}

function emptyLabels(file: string): BitloomError {
  return new BitloomError({
    kind: 'data',
    code: 'empty-data-set',
    message: 'lists no files',
    place: { file },
    hint: 'One row a file: its name, a comma, its class index.',
  });
}
