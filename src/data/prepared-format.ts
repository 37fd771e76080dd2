import { crc32 } from 'node:zlib';
import { type DType, isDType } from '../kernel/dtype.js';
import { BitloomError } from '../kernel/errors.js';
import type { DenseTensor, NumericDType } from '../kernel/tensor.js';
import type { Label, Sample } from './dataset.js';

/*
 * The file of a prepared set:
 *
 *   record*   u32 length of the head, head (JSON, UTF-8), zeros to a multiple of 8, then each tensor's bytes, each
 *             padded to a multiple of 8, so that a record read at its start yields aligned views
 *   index     float64 pairs (offset, CRC-32) per record, then (end of the last record, 0)
 *   footer    64 bytes: magic, u64 offset of the index, u64 records, u32 labelled, u32 zero, SHA-256 of the samples' content
 *
 * The index stands at the end because records are streamed; the rename that follows makes the file whole or absent.
 */
export const FOOTER_BYTES = 64;
const INDEX_ENTRY_BYTES = 16;
const MAGIC = Buffer.from('BITLOOM1');

interface Head {
  readonly id: string;
  readonly label?: Label;
  readonly inputs: readonly {
    readonly name: string;
    readonly dtype: NumericDType;
    readonly dims: readonly number[];
    readonly bytes: number;
  }[];
}

export interface IndexEntry {
  readonly offset: number;
  readonly crc: number;
}

export interface Footer {
  readonly indexOffset: number;
  readonly length: number;
  readonly labelled: boolean;
  readonly hash: string;
}

export function encodeSample(sample: Sample): Uint8Array {
  const tensors = Object.entries(sample.inputs);
  const head: Head = {
    id: sample.id,
    ...(sample.label === undefined ? {} : { label: sample.label }),
    inputs: tensors.map(([name, { dtype, dims, bytes }]) => ({ name, dtype, dims, bytes: bytes.length })),
  };
  const text = Buffer.from(JSON.stringify(head));
  const record = Buffer.alloc(
    padded(4 + text.length) + tensors.reduce((sum, [, t]) => sum + padded(t.bytes.length), 0),
  );
  record.writeUInt32LE(text.length, 0);
  record.set(text, 4);
  let offset = padded(4 + text.length);
  for (const [, { bytes }] of tensors) {
    record.set(bytes, offset);
    offset += padded(bytes.length);
  }
  return record;
}

/** `record` starts at a multiple of 8 of its buffer; the tensors are views into it. */
export function decodeSample(record: Uint8Array): Sample {
  const headLength = Buffer.from(record.buffer, record.byteOffset, 4).readUInt32LE(0);
  const head = parseHead(Buffer.from(record.buffer, record.byteOffset + 4, headLength).toString());
  const inputs: Record<string, DenseTensor> = {};
  let offset = padded(4 + headLength);
  for (const { name, dtype, dims, bytes } of head.inputs) {
    inputs[name] = { dtype, dims, bytes: record.subarray(offset, offset + bytes) };
    offset += padded(bytes);
  }
  return { id: head.id, inputs, ...(head.label === undefined ? {} : { label: head.label }) };
}

export function encodeIndex(entries: readonly IndexEntry[], end: number): Uint8Array {
  const numbers = Float64Array.from([...entries.flatMap(({ offset, crc }) => [offset, crc]), end, 0]);
  return new Uint8Array(numbers.buffer);
}

/** Where in the file the entries of records `from` .. `to` stand, the one after included. */
export function indexRange(
  footer: Footer,
  from: number,
  to: number,
): { readonly position: number; readonly length: number } {
  return { position: footer.indexOffset + from * INDEX_ENTRY_BYTES, length: (to - from + 1) * INDEX_ENTRY_BYTES };
}

/** `bytes` starts at a multiple of 8 of its buffer. */
export function decodeIndex(bytes: Uint8Array): readonly IndexEntry[] {
  const numbers = new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8);
  return Array.from({ length: numbers.length / 2 }, (_, i) => ({ offset: numbers[2 * i], crc: numbers[2 * i + 1] }));
}

export function encodeFooter({ indexOffset, length, labelled, hash }: Footer): Uint8Array {
  const bytes = Buffer.alloc(FOOTER_BYTES);
  bytes.set(MAGIC, 0);
  bytes.writeBigUInt64LE(BigInt(indexOffset), 8);
  bytes.writeBigUInt64LE(BigInt(length), 16);
  bytes.writeUInt32LE(labelled ? 1 : 0, 24);
  bytes.write(hash, 32, 'hex');
  return bytes;
}

/** Undefined when these are not the last bytes of a prepared set. */
export function decodeFooter(bytes: Buffer): Footer | undefined {
  if (bytes.length !== FOOTER_BYTES || !bytes.subarray(0, 8).equals(MAGIC)) return undefined;
  return {
    indexOffset: Number(bytes.readBigUInt64LE(8)),
    length: Number(bytes.readBigUInt64LE(16)),
    labelled: bytes.readUInt32LE(24) === 1,
    hash: bytes.toString('hex', 32, 64),
  };
}

export function checksum(bytes: Uint8Array): number {
  return crc32(bytes);
}

function padded(length: number): number {
  return Math.ceil(length / 8) * 8;
}

function parseHead(text: string): Head {
  const head: unknown = JSON.parse(text);
  if (!isHead(head)) {
    throw new BitloomError({ kind: 'io', code: 'prepared-set-corrupt', message: 'a sample has an unreadable head' });
  }
  return head;
}

/** The checksum has proved the bytes; this guards against a file of another version. */
function isHead(head: unknown): head is Head {
  if (typeof head !== 'object' || head === null || !('inputs' in head) || !Array.isArray(head.inputs)) return false;
  return head.inputs.every((input: { readonly dtype?: unknown }) => isNumeric(String(input.dtype)));
}

function isNumeric(dtype: string): dtype is Exclude<DType, 'string'> {
  return isDType(dtype) && dtype !== 'string';
}
