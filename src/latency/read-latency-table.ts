import { readFileSync } from 'node:fs';
import { CsvError, parse } from 'csv-parse/sync';
import { z } from 'zod';
import { BitloomError, type Place, type Problem, throwAll } from '../kernel/errors.js';
import { readFailure } from '../kernel/read-errors.js';
import { jsonText } from './json-text.js';
import { rowKey, type TableRow } from './latency-table.js';
import { rowSchema, tableRow } from './row-schema.js';
import { checkedBy, fileProblem } from './schema-problems.js';

const CODE = 'bad-latency-table';

/** A latency table in JSON: its rows, and whatever else tells people where they come from. */
export const latencyTableSchema = z.looseObject({
  $schema: z.string().exactOptional(),
  rows: z.array(rowSchema).min(1),
});

/**
 * Rows of a latency table, `.csv` with a header or JSON with `rows`. Throws with all that is wrong, each with its line or
 * its place in the JSON.
 */
export function readLatencyTable(file: string): readonly TableRow[] {
  const place = { option: 'latency-table', file };
  const text = readText(file, place);
  return /\.csv$/i.test(file) ? rowsOfCsv(text, place) : rowsOfJson(text, place);
}

function readText(file: string, place: Place): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const { code, message } = readFailure(file, cause).problems[0];
    throw new BitloomError({ kind: 'io', code, message, place }, { cause });
  }
}

function rowsOfJson(text: string, place: Place): readonly TableRow[] {
  const checked = checkedBy({ schema: latencyTableSchema, code: CODE, place }, jsonText(text, CODE, place));
  if ('problems' in checked) throw new BitloomError(checked.problems);
  const rows = checked.data.rows.map(tableRow);
  throwAll(repeated(rows).map((i) => fileProblem(CODE, place, ['rows', i], REPEATED)));
  return rows;
}

interface Line {
  readonly record: Readonly<Record<string, string>>;
  readonly line: number;
}

function rowsOfCsv(text: string, place: Place): readonly TableRow[] {
  const problems: Problem[] = [];
  const rows: TableRow[] = [];
  const lines = csvLines(text, place);
  for (const { record, line } of lines) {
    const checked = checkedBy({ schema: rowSchema, code: CODE, place: { ...place, line } }, plainRow(record));
    if ('problems' in checked) problems.push(...checked.problems);
    else rows.push(tableRow(checked.data));
  }
  if (lines.length === 0) problems.push(fileProblem(CODE, place, [], 'has no rows'));
  throwAll(problems);
  throwAll(repeated(rows).map((i) => fileProblem(CODE, { ...place, line: lines[i].line }, [], REPEATED)));
  return rows;
}

function csvLines(text: string, place: Place): readonly Line[] {
  try {
    const parsed: readonly { readonly record: Line['record']; readonly info: { readonly lines: number } }[] = parse(
      text,
      {
        bom: true,
        columns: true,
        comment: '#',
        info: true,
        skip_empty_lines: true,
        trim: true,
      },
    );
    return parsed.map(({ record, info }) => ({ record, line: info.lines }));
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause;
    throw new BitloomError({ kind: 'option', code: CODE, message: cause.message, place }, { cause });
  }
}

/** Cells that are left empty are not said; two columns hold numbers. */
function plainRow(record: Line['record']): Readonly<Record<string, unknown>> {
  const given = Object.entries(record).filter(([, cell]) => cell !== '');
  return Object.fromEntries(given.map(([name, cell]) => [name, NUMBERS.has(name) ? number(cell) : cell]));
}

const NUMBERS: ReadonlySet<string> = new Set(['group', 'milliseconds']);

function number(cell: string): number | string {
  return Number.isFinite(Number(cell)) ? Number(cell) : cell;
}

const REPEATED = 'says again what an earlier row says';

function repeated(rows: readonly TableRow[]): readonly number[] {
  const seen = new Set<string>();
  return rows.flatMap(({ shape, format }, i) => {
    const key = rowKey(shape, format);
    if (seen.has(key)) return [i];
    seen.add(key);
    return [];
  });
}
