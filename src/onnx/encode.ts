import { toBinary } from '@bufbuild/protobuf';
import { type ModelProto, ModelProtoSchema } from 'onnx-buf';
import { implantPayloads } from './payloads.js';
import type { Chunk, Rope } from './wire.js';

/** Encodes a model whose tensors hold indices into `payloads` in place of raw data; the payloads are not copied. */
export function encodeProto(proto: ModelProto, payloads: readonly Chunk[]): Rope {
  return implantPayloads(toBinary(ModelProtoSchema, proto), payloads);
}
