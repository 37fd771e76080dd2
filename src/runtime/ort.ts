import * as ort from 'onnxruntime-node';
import type { Value, ValueType } from '../graph/model.js';
import { type DType, isDType } from '../kernel/dtype.js';
import { BitloomError, type Problem, throwAll } from '../kernel/errors.js';
import { printShape, type Shape } from '../kernel/shape.js';
import { isDense, type Tensor, view } from '../kernel/tensor.js';
import { countSession } from './opened.js';
import { loadProblem, runProblem } from './ort-errors.js';
import type { Runtime, Session, SessionOptions, TensorMap } from './session.js';

/** Only fatal messages are printed: what ORT logs as an error it throws as well, and warnings are not for our stdout or stderr. */
const FATAL = 4;
ort.env.logLevel = 'fatal';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** ONNX Runtime on this machine's CPU. This is the only file that knows the library. */
export const ortRuntime: Runtime = {
  name: 'onnxruntime-node',
  version: ort.env.versions.node ?? 'unknown',
  provider: 'cpu',
  open,
};

/** Opens a model. Throws a BitloomError that says why ONNX Runtime refused it. */
async function open(model: string | Uint8Array, options: SessionOptions = {}): Promise<Session> {
  const file = typeof model === 'string' ? model : undefined;
  try {
    countSession();
    const native = await create(model, nativeOptions(options));
    return session(native, file, options.profilePrefix !== undefined);
  } catch (error) {
    throw new BitloomError(loadProblem(messageOf(error), file), { cause: error });
  }
}

function create(model: string | Uint8Array, options: ort.InferenceSession.SessionOptions) {
  return typeof model === 'string'
    ? ort.InferenceSession.create(model, options)
    : ort.InferenceSession.create(model, options);
}

function nativeOptions(options: SessionOptions): ort.InferenceSession.SessionOptions {
  return {
    executionProviders: ['cpu'],
    executionMode: 'sequential',
    interOpNumThreads: 1,
    logSeverityLevel: FATAL,
    graphOptimizationLevel: options.optimization ?? 'all',
    ...(options.threads !== undefined && { intraOpNumThreads: options.threads }),
    ...(options.optimizedModelPath !== undefined && { optimizedModelFilePath: options.optimizedModelPath }),
    ...(options.profilePrefix !== undefined && { enableProfiling: true, profileFilePrefix: options.profilePrefix }),
    ...(options.unplannedMemory && { enableMemPattern: false }),
    ...(options.sleepBetweenRuns && { extra: { session: { force_spinning_stop: '1' } } }),
  };
}

function session(native: ort.InferenceSession, file: string | undefined, profiling: boolean): Session {
  const inputs = native.inputMetadata.map(valueFrom);
  const outputs = native.outputMetadata.map(valueFrom);
  const outputNames = outputs.map((value) => value.name);
  const expected = new Map(inputs.map((value) => [value.name, value]));
  return {
    inputs,
    outputs,
    async run(feeds, fetch = outputNames) {
      const names = isNames(fetch) ? fetch : Object.keys(fetch);
      throwAll([...feedProblems(feeds, expected, file), ...fetchProblems(names, outputs, file)]);
      return runNative(native, toNative(feeds), isNames(fetch) ? fetch : toNative(fetch), file);
    },
    async close() {
      if (profiling) native.endProfiling();
      await native.release();
    },
  };
}

type NativeTensors = Readonly<Record<string, ort.Tensor>>;

function isNames(fetch: readonly string[] | TensorMap): fetch is readonly string[] {
  return Array.isArray(fetch);
}

function toNative(tensors: TensorMap): NativeTensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, value]) => [name, toOrt(value)]));
}

async function runNative(
  native: ort.InferenceSession,
  feeds: NativeTensors,
  fetch: readonly string[] | NativeTensors,
  file: string | undefined,
): Promise<TensorMap> {
  try {
    const results = await native.run(feeds, fetch, { logSeverityLevel: FATAL });
    return Object.fromEntries(Object.entries(results).map(([name, value]) => [name, fromOrt(value)]));
  } catch (error) {
    throw new BitloomError(runProblem(messageOf(error), file), { cause: error });
  }
}

function valueFrom(metadata: ort.InferenceSession.ValueMetadata): Value {
  if (!metadata.isTensor) return { name: metadata.name };
  return { name: metadata.name, type: tensorType(metadata.type, metadata.shape) };
}

/** ORT reports an unknown rank and a scalar both as no dimensions: the shape is then left out. */
function tensorType(dtype: DType, dims: readonly (number | string)[]): ValueType {
  if (dims.length === 0) return { kind: 'tensor', dtype };
  return { kind: 'tensor', dtype, shape: dims.map((dim) => (dim === '' ? null : dim)) };
}

function feedProblems(feeds: TensorMap, expected: ReadonlyMap<string, Value>, file: string | undefined): Problem[] {
  const names = [...expected.values()].map(describeValue).join(', ');
  const missing = [...expected.keys()].filter((name) => !Object.hasOwn(feeds, name));
  const unknown = Object.keys(feeds).filter((name) => !expected.has(name));
  return [
    ...missing.map((name) =>
      inputProblem('missing-input', name, `input ${name} is not given`, `inputs: ${names}`, file),
    ),
    ...unknown.map((name) =>
      inputProblem('unknown-input', name, `the model has no input ${name}`, `inputs: ${names}`, file),
    ),
    ...Object.entries(feeds).flatMap(([name, given]) => mismatch(given, expected.get(name), file)),
  ];
}

function mismatch(given: Tensor, expected: Value | undefined, file: string | undefined): Problem[] {
  if (expected?.type?.kind !== 'tensor') return [];
  const { dtype, shape } = expected.type;
  const actual = `${given.dtype}${printShape(given.dims)}`;
  const wrong = given.dtype !== dtype ? 'wrong-input-dtype' : shape && !fits(given.dims, shape) && 'wrong-input-shape';
  if (!wrong) return [];
  const message = `the model expects ${describeType(expected.type)} and is given ${actual}`;
  return [inputProblem(wrong, expected.name, message, undefined, file)];
}

function fits(dims: readonly number[], shape: Shape): boolean {
  return dims.length === shape.length && shape.every((dim, i) => typeof dim !== 'number' || dim === dims[i]);
}

function fetchProblems(fetch: readonly string[], outputs: readonly Value[], file: string | undefined): Problem[] {
  const known = new Set(outputs.map((value) => value.name));
  const hint = `outputs: ${[...known].join(', ')}`;
  return fetch
    .filter((name) => !known.has(name))
    .map((name) => inputProblem('unknown-output', name, `the model has no output ${name}`, hint, file));
}

function inputProblem(
  code: string,
  tensor: string,
  message: string,
  hint: string | undefined,
  file: string | undefined,
): Problem {
  return { kind: 'runtime', code, message, place: { tensor, ...(file && { file }) }, ...(hint && { hint }) };
}

function describeValue(value: Value): string {
  return value.type ? `${value.name} ${describeType(value.type)}` : value.name;
}

function describeType(type: ValueType): string {
  return type.kind === 'tensor' ? `${type.dtype}${type.shape ? printShape(type.shape) : ''}` : type.kind;
}

/** Over the tensor's own bytes where they are aligned; ORT reads them during `run` only. */
function toOrt(value: Tensor): ort.Tensor {
  if (!isDense(value))
    return new ort.Tensor(
      'string',
      value.strings.map((item) => decoder.decode(item)),
      value.dims,
    );
  if (!isOrtType(value.dtype)) throw unsupported(value.dtype);
  return new ort.Tensor(value.dtype, view(value), value.dims);
}

type OrtType = Exclude<ort.Tensor.Type, 'string'>;

const ORT_TYPES: ReadonlySet<string> = new Set<OrtType>([
  'float32',
  'float64',
  'float16',
  'int8',
  'int16',
  'int32',
  'int64',
  'int4',
  'uint8',
  'uint16',
  'uint32',
  'uint64',
  'uint4',
  'bool',
]);

function isOrtType(dtype: DType): dtype is OrtType {
  return ORT_TYPES.has(dtype);
}

function fromOrt(value: ort.Tensor): Tensor {
  const { data, dims, type } = value;
  if (Array.isArray(data)) return { dtype: 'string', dims, strings: data.map((item) => encoder.encode(String(item))) };
  if (type === 'string' || !isDType(type)) throw unsupported(type);
  return { dtype: type, dims, bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
}

function unsupported(dtype: string): BitloomError {
  const message = `ONNX Runtime for Node.js takes and gives no ${dtype} tensors`;
  return new BitloomError({ kind: 'runtime', code: 'unsupported-dtype', message });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
