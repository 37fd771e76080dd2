import { byteLength, DTYPES, type DType, type TypedArray } from './dtype.js';
import { BitloomError } from './errors.js';
import { float16ToNumber, numberToFloat16 } from './float16.js';
import { sizeOf } from './shape.js';

export type NumericDType = Exclude<DType, 'string'>;

/**
 * A dense tensor. `bytes` is ONNX's `raw_data`: little endian, row major, elements below a byte packed. It may be a
 * view into a model file, or a getter that reads external data on first use, so it is never written to.
 */
export interface DenseTensor {
  readonly dtype: NumericDType;
  readonly dims: readonly number[];
  readonly bytes: Uint8Array;
}

export interface StringTensor {
  readonly dtype: 'string';
  readonly dims: readonly number[];
  /** UTF-8, not decoded: ONNX strings may hold any bytes. */
  readonly strings: readonly Uint8Array[];
}

export type Tensor = DenseTensor | StringTensor;

/** The dtype whose typed array is `T`, for `tensor`. */
type ArrayDType =
  | 'float32'
  | 'float64'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint8'
  | 'uint16'
  | 'bool'
  | 'float16';

/** A tensor over `data`, without a copy. */
export function tensor(dtype: ArrayDType | NumericDType, dims: readonly number[], data: TypedArray): DenseTensor {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (bytes.length !== byteLength(dtype, sizeOf(dims))) {
    throw new RangeError(
      `${dtype}[${dims.join(',')}] needs ${byteLength(dtype, sizeOf(dims))} bytes, has ${bytes.length}`,
    );
  }
  return { dtype, dims, bytes };
}

export function floats(values: readonly number[], dims: readonly number[] = [values.length]): DenseTensor {
  return tensor('float32', dims, Float32Array.from(values));
}

export function ints(values: readonly number[], dims: readonly number[] = [values.length]): DenseTensor {
  return tensor('int64', dims, BigInt64Array.from(values, BigInt));
}

export function isDense(value: Tensor): value is DenseTensor {
  return value.dtype !== 'string';
}

/** The typed array that views the tensor's bytes; copied only when they are not aligned. Do not write to it. */
export function view(value: DenseTensor): TypedArray {
  const { view: View } = DTYPES[value.dtype];
  const { bytes } = value;
  const aligned = bytes.byteOffset % View.BYTES_PER_ELEMENT === 0 ? bytes : new Uint8Array(bytes);
  return new View(aligned.buffer, aligned.byteOffset, Math.floor(aligned.byteLength / View.BYTES_PER_ELEMENT));
}

/** The elements as float32: a view for float32, converted for other types. Strings, complex, and 4- and 8-bit floats are refused. */
export function toFloat32(value: Tensor): Float32Array {
  if (!isDense(value)) throw notNumeric(value.dtype);
  const data = view(value);
  if (data instanceof Float32Array && value.dtype === 'float32') return data;
  return Float32Array.from(toNumbers(value));
}

/** The elements as JavaScript numbers; int64 beyond 2^53 loses its low bits. */
export function toNumbers(value: Tensor): ArrayLike<number> {
  if (!isDense(value)) throw notNumeric(value.dtype);
  switch (value.dtype) {
    case 'int64':
    case 'uint64':
      return Array.from(view(value), Number);
    case 'float16':
      return Float64Array.from(numeric(view(value)), float16ToNumber);
    case 'bfloat16':
      return bfloat16ToFloat32(numeric(view(value)));
    case 'int4':
    case 'uint4':
    case 'int2':
    case 'uint2':
      return unpack(value);
    case 'complex64':
    case 'complex128':
    case 'float8e4m3fn':
    case 'float8e4m3fnuz':
    case 'float8e5m2':
    case 'float8e5m2fnuz':
    case 'float8e8m0':
    case 'float4e2m1':
      throw notNumeric(value.dtype);
    default:
      return numeric(view(value));
  }
}

/** A tensor of this dtype with these values, rounded and wrapped as a typed array does. */
export function fromNumbers(dtype: NumericDType, dims: readonly number[], values: ArrayLike<number>): DenseTensor {
  switch (dtype) {
    case 'int64':
      return tensor(
        dtype,
        dims,
        BigInt64Array.from({ length: values.length }, (_, i) => BigInt(values[i])),
      );
    case 'uint64':
      return tensor(
        dtype,
        dims,
        BigUint64Array.from({ length: values.length }, (_, i) => BigInt(values[i])),
      );
    case 'float16':
      return tensor(dtype, dims, Uint16Array.from(values, numberToFloat16));
    case 'int4':
    case 'uint4':
    case 'int2':
    case 'uint2':
      return { dtype, dims, bytes: pack(values, DTYPES[dtype].bits) };
    case 'float32':
      return tensor(dtype, dims, Float32Array.from(values));
    case 'float64':
      return tensor(dtype, dims, Float64Array.from(values));
    case 'int8':
      return tensor(dtype, dims, Int8Array.from(values));
    case 'int16':
      return tensor(dtype, dims, Int16Array.from(values));
    case 'int32':
      return tensor(dtype, dims, Int32Array.from(values));
    case 'bool':
    case 'uint8':
      return tensor(dtype, dims, Uint8Array.from(values));
    case 'uint16':
      return tensor(dtype, dims, Uint16Array.from(values));
    case 'uint32':
      return tensor(dtype, dims, Uint32Array.from(values));
    default:
      throw notNumeric(dtype);
  }
}

/** The first element of a scalar or one-element tensor. */
export function scalarOf(value: Tensor): number {
  return toNumbers(value)[0];
}

export function elementCount(value: Tensor): number {
  return sizeOf(value.dims);
}

function numeric(data: TypedArray): Exclude<TypedArray, BigInt64Array | BigUint64Array> {
  if (data instanceof BigInt64Array || data instanceof BigUint64Array)
    throw new TypeError('64-bit integers are not numbers');
  return data;
}

function bfloat16ToFloat32(data: ArrayLike<number>): Float32Array {
  return new Float32Array(Uint32Array.from(data, (bits) => bits << 16).buffer);
}

/** Elements of 2 or 4 bits, lowest bits of a byte first (ONNX's packing). */
function unpack(value: DenseTensor): Int8Array {
  const { bits } = DTYPES[value.dtype];
  const perByte = 8 / bits;
  const signed = value.dtype.startsWith('int');
  return Int8Array.from({ length: sizeOf(value.dims) }, (_, i) => {
    const raw = (value.bytes[Math.floor(i / perByte)] >> (bits * (i % perByte))) & ((1 << bits) - 1);
    return signed && raw >= 1 << (bits - 1) ? raw - (1 << bits) : raw;
  });
}

function pack(values: ArrayLike<number>, bits: number): Uint8Array {
  const perByte = 8 / bits;
  const bytes = new Uint8Array(Math.ceil(values.length / perByte));
  const mask = (1 << bits) - 1;
  for (let i = 0; i < values.length; i++)
    bytes[Math.floor(i / perByte)] |= (values[i] & mask) << (bits * (i % perByte));
  return bytes;
}

function notNumeric(dtype: DType): BitloomError {
  return new BitloomError({
    kind: 'model',
    code: 'unsupported-dtype',
    message: `a ${dtype} tensor has no plain numbers`,
  });
}
