import { stat } from 'node:fs/promises';
import { byteLength } from '../kernel/dtype.js';
import { BitloomError } from '../kernel/errors.js';
import { sizeOf } from '../kernel/shape.js';
import type { DenseTensor, NumericDType } from '../kernel/tensor.js';
import { readBytes } from './table-file.js';

/** An array in a `.npy` file; `name` is how the user knows it (`set.npz:images`). */
export interface NpyArray {
  readonly name: string;
  readonly file: string;
  readonly dtype: NumericDType;
  readonly dims: readonly number[];
  /** Where the first element stands. */
  readonly offset: number;
}

const MAGIC = '\x93NUMPY';
/** Magic, version, and the length of the header: 10 bytes in version 1, 12 in 2 and 3. */
const PREFIX_BYTES = 12;

/** NumPy's array-protocol type strings, without the byte order. */
const DTYPES_BY_DESCR: Readonly<Record<string, NumericDType>> = {
  f2: 'float16',
  f4: 'float32',
  f8: 'float64',
  i1: 'int8',
  i2: 'int16',
  i4: 'int32',
  i8: 'int64',
  u1: 'uint8',
  u2: 'uint16',
  u4: 'uint32',
  u8: 'uint64',
  b1: 'bool',
};

/** Reads the header (numpy.lib.format, versions 1 to 3): C order and little endian only. */
export async function openNpy(file: string, name = file): Promise<NpyArray> {
  const prefix = await readBytes(file, 0, PREFIX_BYTES);
  if (prefix.length < PREFIX_BYTES || prefix.toString('latin1', 0, 6) !== MAGIC) throw bad(name, 'is not a .npy file');
  const short = prefix[6] === 1;
  const start = short ? 10 : 12;
  const length = short ? prefix.readUInt16LE(8) : prefix.readUInt32LE(8);
  const header = (await readBytes(file, start, start + length)).toString('utf8');
  const array = { name, file, ...parseHeader(header, name), offset: start + length };
  const expected = array.offset + byteLength(array.dtype, sizeOf(array.dims));
  if ((await stat(file)).size < expected) throw bad(name, `is truncated: ${expected} bytes expected`);
  return array;
}

/** `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`, a Python literal. */
function parseHeader(header: string, name: string): Pick<NpyArray, 'dtype' | 'dims'> {
  const descr = /'descr':\s*'([<>=|])(\w+)'/.exec(header);
  const shape = /'shape':\s*\(([\d,\s]*)\)/.exec(header);
  const dtype = descr && DTYPES_BY_DESCR[descr[2]];
  if (!descr || !shape || !dtype) throw bad(name, `holds elements that bitloom does not read: ${header.trim()}`);
  if (descr[1] === '>') throw bad(name, 'is big endian', "Save it with array.astype('<f4') or alike.");
  if (/'fortran_order':\s*True/.test(header)) {
    throw bad(name, 'is in Fortran order', 'Save it with numpy.ascontiguousarray(array).');
  }
  const dims = shape[1].split(',').filter((part) => part.trim() !== '');
  return { dtype, dims: dims.map(Number) };
}

/** Element `index` of the first axis. */
export async function readRow({ file, dtype, dims, offset }: NpyArray, index: number): Promise<DenseTensor> {
  const rest = dims.slice(1);
  const bytes = byteLength(dtype, sizeOf(rest));
  const start = offset + index * bytes;
  return { dtype, dims: rest, bytes: await readBytes(file, start, start + bytes) };
}

export async function readAll({ file, dtype, dims, offset }: NpyArray): Promise<DenseTensor> {
  const end = offset + byteLength(dtype, sizeOf(dims));
  return { dtype, dims, bytes: await readBytes(file, offset, end) };
}

function bad(file: string, message: string, hint?: string): BitloomError {
  return new BitloomError({ kind: 'data', code: 'bad-npy', message, place: { file }, ...(hint && { hint }) });
}
