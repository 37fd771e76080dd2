import { fromBinary } from '@bufbuild/protobuf';
import { type GraphProto, type ModelProto, ModelProtoSchema } from 'onnx-buf';
import { BitloomError } from '../kernel/errors.js';
import { extractPayloads } from './payloads.js';
import { flatten } from './wire.js';

/** A decoded model whose tensors hold, in place of raw data, an index (see `payloadIndex`) into `payloads`. */
export interface DecodedModel {
  readonly proto: ModelProto;
  readonly graph: GraphProto;
  /** Views into the bytes that were decoded. */
  readonly payloads: readonly Uint8Array[];
}

/** Subgraphs take three levels each; the library's own limit of 100 would stop at 30 of them. */
export const RECURSION_LIMIT = 1000;

/**
 * Decodes an encoded ModelProto. `file` is named in errors.
 * A Buffer is seen as the plain array that it is, so that tensors are too.
 * Throws a BitloomError: `empty-file`, `not-onnx` or `truncated`.
 */
export function decodeProto(data: Uint8Array, file?: string): DecodedModel {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.length);
  if (bytes.length === 0) throw unreadable('empty-file', 'the file is empty', file);
  if (!startsLikeModel(bytes)) throw unreadable('not-onnx', notOnnx(bytes), file);
  const { proto, payloads } = attempt(bytes, file);
  if (proto.graph) return { proto, graph: proto.graph, payloads };
  throw unreadable('not-onnx', 'it holds no graph: not an ONNX model, or cut short', file);
}

function attempt(bytes: Uint8Array, file: string | undefined): Omit<DecodedModel, 'graph'> {
  try {
    const { skeleton, payloads } = extractPayloads(bytes);
    return { proto: fromBinary(ModelProtoSchema, flatten(skeleton), { recursionLimit: RECURSION_LIMIT }), payloads };
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw unreadable('truncated', `cut short, damaged, or not an ONNX model: ${detail}`, file, cause);
  }
}

/** Whether the first tag is that of a field of ModelProto, with its wire type. */
function startsLikeModel(bytes: Uint8Array): boolean {
  const varints = ['ir_version', 'model_version'];
  return ModelProtoSchema.fields.some((field) => {
    const tag = field.number * 8 + (varints.includes(field.name) ? 0 : 2);
    return tag < 0x80 ? bytes[0] === tag : bytes[0] === (tag & 0x7f) + 0x80 && bytes[1] === tag >> 7;
  });
}

function notOnnx(bytes: Uint8Array): string {
  const start = new TextDecoder('latin1').decode(bytes.subarray(0, 64));
  if (start.startsWith('version https://git-lfs'))
    return 'this is a Git LFS pointer, not the model: run `git lfs pull`';
  return 'not an ONNX model';
}

const HINTS: Readonly<Record<string, string>> = {
  'empty-file': 'download or export the model again',
  'not-onnx': 'give a model in ONNX format, such as model.onnx',
  truncated: 'download or export the model again',
};

function unreadable(code: string, message: string, file: string | undefined, cause?: unknown): BitloomError {
  const hint = HINTS[code];
  return new BitloomError(
    { kind: 'model', code, message, ...(file === undefined ? {} : { place: { file } }), ...(hint && { hint }) },
    { cause },
  );
}
