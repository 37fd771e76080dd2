import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { type CsvError, parse } from 'csv-parse';
import { parse as parseNow } from 'csv-parse/sync';
import { BitloomError } from '../kernel/errors.js';

/** One record of a CSV or TSV file, and where it stands. */
export interface TableRow {
  readonly cells: readonly string[];
  readonly line: number;
  /** Bytes in the file, `end` exclusive. */
  readonly start: number;
  readonly end: number;
}

const COMMON = { bom: true, relax_column_count: true, skip_empty_lines: true, trim: true } as const;

/** TSV has no quoting by common use (GLUE writes lone quotation marks in its sentences). */
function dialect(file: string) {
  return /\.(tsv|tab)$/i.test(file) ? { delimiter: '\t', quote: null } : { delimiter: ',', relax_quotes: true };
}

/** The records in order, as a stream; the header, if there is one, comes first like any other. */
export async function* tableRows(file: string): AsyncGenerator<TableRow> {
  const parser = createReadStream(file).pipe(parse({ ...COMMON, ...dialect(file), info: true }));
  let start = 0;
  try {
    for await (const { record, info } of parser) {
      yield { cells: record, line: info.lines, start, end: info.bytes };
      start = info.bytes;
    }
  } catch (error) {
    throw tableError(file, error);
  }
}

/** One record again, from its bytes. */
export function cellsOf(file: string, text: string): readonly string[] {
  const [cells] = parseNow(text, { ...COMMON, ...dialect(file) });
  return Array.isArray(cells) ? cells.map(String) : [];
}

export async function readBytes(file: string, start: number, end: number): Promise<Buffer> {
  const handle = await open(file);
  try {
    const bytes = Buffer.alloc(end - start);
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, start);
    return bytes.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

function tableError(file: string, cause: unknown): unknown {
  if (!isCsvError(cause)) return cause;
  const line = typeof cause.lines === 'number' ? { line: cause.lines } : {};
  const place = { file, ...line };
  return new BitloomError({ kind: 'data', code: 'bad-csv', message: cause.message, place }, { cause });
}

function isCsvError(error: unknown): error is CsvError {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('CSV_');
}
