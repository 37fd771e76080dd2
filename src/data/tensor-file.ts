import { readFile } from 'node:fs/promises';
import { fromBinary } from '@bufbuild/protobuf';
import { TensorProtoSchema } from 'onnx-buf';
import { BitloomError } from '../kernel/errors.js';
import { type DenseTensor, isDense } from '../kernel/tensor.js';
import { noExternalFiles } from '../onnx/external.js';
import { indexBytes } from '../onnx/payloads.js';
import { fromTensorProto } from '../onnx/tensor-proto.js';

/** The tensor in a `.pb` file: one serialized TensorProto, as in ONNX's `test_data_set_*` folders. */
export async function readTensorFile(file: string): Promise<DenseTensor> {
  const proto = await parse(file);
  const raw = proto.rawData;
  if (raw.length > 0) proto.rawData = indexBytes(0);
  const value = fromTensorProto(proto, { payloads: [raw], external: noExternalFiles });
  if (isDense(value)) return value;
  throw bad(file, 'holds strings; samples can hold numeric tensors only');
}

async function parse(file: string) {
  try {
    return fromBinary(TensorProtoSchema, await readFile(file));
  } catch (cause) {
    throw bad(file, `is not a TensorProto: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}

function bad(file: string, message: string): BitloomError {
  return new BitloomError({ kind: 'data', code: 'bad-tensor-file', message, place: { file } });
}
