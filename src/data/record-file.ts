import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { BitloomError } from '../kernel/errors.js';
import { isRecord, jsonFile } from './json-file.js';
import { cellsOf, readBytes, tableRows } from './table-file.js';

/** One record by column name, and the line it starts on. */
export interface TextRecord {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly line?: number;
}

/**
 * Records of a text file. `scan` goes over all of them once, as a stream; `read` finds one again by its place, so that no
 * file but a JSON document is held in memory.
 */
export interface RecordFile {
  readonly file: string;
  scan(): AsyncIterable<TextRecord & { readonly place: RecordPlace }>;
  read(place: RecordPlace): Promise<TextRecord>;
}

/** Where a record stands: bytes of the file, or a position in a JSON document; and its line. */
export interface RecordPlace {
  readonly start: number;
  readonly end: number;
  readonly line?: number;
}

const OPENERS: Readonly<Record<string, (file: string) => Promise<RecordFile>>> = {
  '.json': openJson,
  '.jsonl': openLines,
  '.ndjson': openLines,
  '.csv': openTable,
  '.tsv': openTable,
  '.tab': openTable,
  '.txt': openPlain,
};

export const RECORD_EXTENSIONS: readonly string[] = Object.keys(OPENERS);

export async function openRecords(file: string): Promise<RecordFile> {
  return OPENERS[extname(file).toLowerCase()](file);
}

/** An array of records, or one under `data`, `rows`, `examples`; a bare array of integers is a tokenised text. */
async function openJson(file: string): Promise<RecordFile> {
  const document = jsonFile(file, await readFile(file, 'utf8'));
  const rows = isRecord(document) ? Object.values(document).find(Array.isArray) : document;
  if (!Array.isArray(rows)) throw badRecord(file, undefined, 'holds no array of records');
  const items: readonly unknown[] = rows;
  const at = (i: number) => ({ fields: fieldsOf(items[i], file) });
  return {
    file,
    async *scan() {
      for (let i = 0; i < items.length; i++) yield { ...at(i), place: { start: i, end: i + 1 } };
    },
    read: async ({ start }) => at(start),
  };
}

async function openLines(file: string): Promise<RecordFile> {
  const parse = (text: string, line?: number) => ({
    fields: fieldsOf(jsonFile(file, text, line), file, line),
    ...(line !== undefined && { line }),
  });
  return lineFile(file, parse);
}

async function openPlain(file: string): Promise<RecordFile> {
  return lineFile(file, (text, line) => ({ fields: { text }, ...(line !== undefined && { line }) }));
}

function lineFile(file: string, parse: (text: string, line?: number) => TextRecord): RecordFile {
  return {
    file,
    async *scan() {
      for await (const { text, ...place } of textLines(file)) {
        if (text.trim() !== '') yield { ...parse(text, place.line), place };
      }
    },
    read: async ({ start, end, line }) => parse((await readBytes(file, start, end)).toString('utf8').trim(), line),
  };
}

/** Lines with their places in bytes; a byte order mark and a carriage return are left out. */
async function* textLines(file: string): AsyncGenerator<RecordPlace & { readonly text: string }> {
  let rest: Buffer = Buffer.alloc(0);
  let position = 0;
  let line = 0;
  for await (const chunk of createReadStream(file)) {
    const buffer: Buffer = Buffer.concat([rest, chunk]);
    let from = 0;
    for (let to = buffer.indexOf(10); to >= 0; to = buffer.indexOf(10, from)) {
      yield textLine(buffer.subarray(from, to), position + from, ++line);
      from = to + 1;
    }
    position += from;
    rest = buffer.subarray(from);
  }
  if (rest.length > 0) yield textLine(rest, position, line + 1);
}

function textLine(bytes: Buffer, start: number, line: number) {
  const mark = line === 1 && bytes.subarray(0, 3).equals(Buffer.from([0xef, 0xbb, 0xbf])) ? 3 : 0;
  return { text: bytes.toString('utf8', mark).trim(), start: start + mark, end: start + bytes.length, line };
}

async function openTable(file: string): Promise<RecordFile> {
  const columns = await tableColumns(file);
  const fieldsFrom = (cells: readonly string[]) =>
    Object.fromEntries(columns.names.map((name, i) => [name, cells[i] ?? '']));
  return {
    file,
    async *scan() {
      let first = columns.header;
      for await (const { cells, line, start, end } of tableRows(file)) {
        if (!first) yield { fields: fieldsFrom(cells), line, place: { start, end, line } };
        first = false;
      }
    },
    read: async ({ start, end, line }) => ({
      fields: fieldsFrom(cellsOf(file, (await readBytes(file, start, end)).toString('utf8'))),
      ...(line !== undefined && { line }),
    }),
  };
}

/** Names that make a first row a header. */
const HEADER_NAMES = [
  'text',
  'sentence',
  'sentence1',
  'label',
  'input_ids',
  'premise',
  'question',
  'question1',
  'review',
  'content',
];

/** Without a header: text and label; label and text where the integers stand first; or text alone. */
async function tableColumns(file: string): Promise<{ readonly names: readonly string[]; readonly header: boolean }> {
  for await (const { cells } of tableRows(file)) {
    const names = cells.map((cell) => cell.toLowerCase());
    if (names.some((name) => HEADER_NAMES.includes(name))) return { names, header: true };
    if (cells.length === 1) return { names: ['text'], header: false };
    const isInteger = (cell: string) => /^-?\d+$/.test(cell);
    const labelFirst = isInteger(cells[0]) && !isInteger(cells[cells.length - 1]);
    return { names: labelFirst ? ['label', 'text'] : textsThenLabel(cells.length), header: false };
  }
  return { names: [], header: false };
}

function textsThenLabel(count: number): readonly string[] {
  return count === 2 ? ['text', 'label'] : ['text', 'text_pair', 'label'];
}

function fieldsOf(row: unknown, file: string, line?: number): Readonly<Record<string, unknown>> {
  if (isRecord(row)) return row;
  if (typeof row === 'string') return { text: row };
  if (Array.isArray(row) && row.every(Number.isInteger)) return { input_ids: row };
  throw badRecord(file, line, 'a record is neither an object, nor a text, nor an array of token ids');
}

function badRecord(file: string, line: number | undefined, message: string): BitloomError {
  const place = { file, ...(line !== undefined && { line }) };
  return new BitloomError({ kind: 'data', code: 'bad-record', message, place });
}
