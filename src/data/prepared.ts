import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { BitloomError, type Problem } from '../kernel/errors.js';
import { writeFailure } from '../kernel/write-errors.js';
import type { Dataset, PreparedSet, Sample } from './dataset.js';
import { inOrder, type Settled } from './in-order.js';
import { contentHasher } from './prepared-content.js';
import {
  checksum,
  decodeFooter,
  decodeIndex,
  decodeSample,
  encodeFooter,
  encodeIndex,
  encodeSample,
  FOOTER_BYTES,
  type Footer,
  type IndexEntry,
  indexRange,
} from './prepared-format.js';
import { problemList } from './problem-list.js';

export interface PrepareOptions {
  /** Samples read and decoded at the same time; 4 when left out. */
  readonly concurrency?: number;
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** Bytes asked from the disk at once: large enough that the calls cost nothing, small enough to hold two. */
const READ_BYTES = 8 * 2 ** 20;

/**
 * Reads the samples at `indices` once, preprocessed, and writes them to `file` in that order. Memory is bounded by
 * `concurrency` samples. The file appears whole or not at all; every sample that cannot be read is reported. The set's
 * hash is that of its samples: equal for equal tensors and labels in the same order, whatever they were made from.
 */
export async function prepare(
  dataset: Dataset,
  indices: readonly number[],
  file: string,
  options: PrepareOptions = {},
): Promise<PreparedSet> {
  if (indices.length === 0) throw new BitloomError(emptySet(dataset.name));
  const { concurrency = 4, onProgress, signal } = options;
  const outcomes = inOrder(indices, concurrency, (index) => dataset.read(index));
  return writeSet(file, outcomes, () => dataset.labelled, {
    ...(signal && { signal }),
    onSample: (done) => onProgress?.(done, indices.length),
  });
}

/** Writes samples as they come; for data that can be gone over only once. Throws when there are none. */
export async function spool(name: string, samples: AsyncIterable<Sample>, file: string): Promise<PreparedSet> {
  let labelled = true;
  async function* outcomes(): AsyncGenerator<Settled<Sample>> {
    for await (const value of samples) {
      labelled &&= value.label !== undefined;
      yield { ok: true, value };
    }
  }
  const set = await writeSet(file, outcomes(), () => labelled, {});
  if (set.length > 0) return set;
  await rm(file);
  throw new BitloomError(emptySet(name));
}

interface WriteOptions {
  readonly onSample?: (done: number) => void;
  readonly signal?: AbortSignal;
}

async function writeSet(
  file: string,
  outcomes: AsyncIterable<Settled<Sample>>,
  labelled: () => boolean,
  options: WriteOptions,
): Promise<PreparedSet> {
  const temporary = `${file}.${process.pid}.tmp`;
  const handle = await open(temporary, 'w').catch((cause: unknown) => {
    throw writeFailure(file, cause);
  });
  try {
    const written = await writeRecords({ handle, file }, outcomes, options);
    const set = { file, length: written.entries.length, labelled: labelled(), hash: written.hash };
    await finish({ handle, file }, written, set.labelled);
    await handle.sync();
    await rename(temporary, file);
    return set;
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
}

/** Where a set is being written, and the name it will have. */
interface Output {
  readonly handle: FileHandle;
  readonly file: string;
}

interface Written {
  readonly entries: readonly IndexEntry[];
  readonly end: number;
  readonly hash: string;
}

/** After a first bad sample nothing more is written, but the others are still read, to report all that are bad. */
async function writeRecords(
  output: Output,
  outcomes: AsyncIterable<Settled<Sample>>,
  { onSample, signal }: WriteOptions,
): Promise<Written> {
  const entries: IndexEntry[] = [];
  const problems = problemList();
  const content = contentHasher();
  let end = 0;
  let done = 0;
  for await (const outcome of outcomes) {
    signal?.throwIfAborted();
    if (outcome.ok && problems.count === 0) {
      const record = encodeSample(outcome.value);
      content.add(outcome.value);
      entries.push({ offset: end, crc: checksum(record) });
      end += await write(output, record);
    }
    if (!outcome.ok) problems.caught(outcome.error);
    onSample?.(++done);
  }
  problems.throwIfAny();
  return { entries, end, hash: content.digest() };
}

async function finish(output: Output, { entries, end, hash }: Written, labelled: boolean): Promise<void> {
  await write(output, encodeIndex(entries, end));
  const footer = { indexOffset: end, length: entries.length, labelled, hash };
  await write(output, encodeFooter(footer));
}

/** A write may take fewer bytes than offered (a disk that fills up); returns the length written. */
async function write({ handle, file }: Output, bytes: Uint8Array): Promise<number> {
  try {
    for (let offset = 0; offset < bytes.length; ) offset += (await handle.write(bytes, offset)).bytesWritten;
    return bytes.length;
  } catch (cause) {
    throw writeFailure(file, cause);
  }
}

/**
 * The samples `from` .. `to` (exclusive) in order, by a few large reads; the next read runs while samples are
 * consumed. Tensors are views into the block that was read: they are never overwritten, and keep it alive.
 */
export async function* readPrepared(set: PreparedSet, from = 0, to = set.length): AsyncGenerator<Sample> {
  if (from < 0 || to > set.length || from > to) throw new RangeError(`samples ${from} to ${to} of ${set.length}`);
  if (from === to) return;
  const handle = await openSet(set);
  try {
    const entries = await readIndex(handle, set, from, to);
    const blocks = blocksOf(entries);
    let next = readBlock(handle, set, entries, blocks[0]);
    for (let b = 0; b < blocks.length; b++) {
      const bytes = await next;
      if (b + 1 < blocks.length) next = readAhead(handle, set, entries, blocks[b + 1]);
      for (let i = blocks[b].first; i < blocks[b].last; i++) yield sampleAt(bytes, entries, blocks[b], i, set, from);
    }
    await next;
  } finally {
    await handle.close();
  }
}

export async function readSample(set: PreparedSet, index: number): Promise<Sample> {
  for await (const sample of readPrepared(set, index, index + 1)) return sample;
  throw new RangeError(`sample ${index} of ${set.length}`);
}

/** Records `first` .. `last` (exclusive), read at once. */
interface Block {
  readonly first: number;
  readonly last: number;
}

function blocksOf(entries: readonly IndexEntry[]): readonly Block[] {
  const blocks: Block[] = [];
  let first = 0;
  for (let i = 1; i < entries.length; i++) {
    const full = i + 1 < entries.length && entries[i + 1].offset - entries[first].offset > READ_BYTES;
    if (!full && i + 1 < entries.length) continue;
    blocks.push({ first, last: i });
    first = i;
  }
  return blocks;
}

/** A rejection that nobody awaits yet must not end the process: it is seen when the block is awaited. */
function readAhead(handle: FileHandle, set: PreparedSet, entries: readonly IndexEntry[], block: Block) {
  const bytes = readBlock(handle, set, entries, block);
  bytes.catch(() => undefined);
  return bytes;
}

function readBlock(handle: FileHandle, set: PreparedSet, entries: readonly IndexEntry[], { first, last }: Block) {
  return readExactly(handle, set, entries[first].offset, entries[last].offset - entries[first].offset);
}

function sampleAt(
  bytes: Uint8Array,
  entries: readonly IndexEntry[],
  block: Block,
  i: number,
  set: PreparedSet,
  from: number,
): Sample {
  const start = entries[block.first].offset;
  const record = bytes.subarray(entries[i].offset - start, entries[i + 1].offset - start);
  if (checksum(record) !== entries[i].crc) throw corrupt(set, `sample ${from + i} does not match its checksum`);
  return decodeSample(record);
}

async function openSet(set: PreparedSet): Promise<FileHandle> {
  try {
    return await open(set.file);
  } catch (cause) {
    throw new BitloomError(
      { kind: 'io', code: 'prepared-set-missing', message: 'cannot be opened', place: { file: set.file } },
      { cause },
    );
  }
}

async function readIndex(
  handle: FileHandle,
  set: PreparedSet,
  from: number,
  to: number,
): Promise<readonly IndexEntry[]> {
  const footer = await readFooter(handle, set);
  const { position, length } = indexRange(footer, from, to);
  const entries = decodeIndex(await readExactly(handle, set, position, length));
  const ordered = entries.every(({ offset }, i) => i === 0 || offset > entries[i - 1].offset);
  if (ordered && entries[entries.length - 1].offset <= footer.indexOffset) return entries;
  throw corrupt(set, 'the index is damaged');
}

async function readFooter(handle: FileHandle, set: PreparedSet): Promise<Footer> {
  const { size } = await handle.stat();
  const start = size - FOOTER_BYTES;
  const footer = start < 0 ? undefined : decodeFooter(await readExactly(handle, set, start, FOOTER_BYTES));
  if (
    !footer ||
    indexRange(footer, 0, footer.length).position + indexRange(footer, 0, footer.length).length !== start
  ) {
    throw corrupt(set, 'is truncated, or is not a prepared set');
  }
  if (footer.hash !== set.hash) {
    throw new BitloomError({
      kind: 'io',
      code: 'prepared-set-changed',
      message: 'holds other samples than were prepared: it was written anew',
      place: { file: set.file },
    });
  }
  return footer;
}

/** Its own allocation, so that views into it are aligned. */
async function readExactly(handle: FileHandle, set: PreparedSet, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await handle.read(bytes, done, length - done, position + done);
    if (bytesRead === 0) throw corrupt(set, 'is truncated');
    done += bytesRead;
  }
  return bytes;
}

function corrupt({ file }: PreparedSet, message: string): BitloomError {
  return new BitloomError({
    kind: 'io',
    code: 'prepared-set-corrupt',
    message,
    place: { file },
    hint: 'Delete it: it is made again from the data.',
  });
}

function emptySet(name: string): Problem {
  return { kind: 'data', code: 'empty-data-set', message: 'there are no samples', place: { file: name } };
}
