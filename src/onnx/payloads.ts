import {
  type Chunk,
  delimited,
  LENGTH_DELIMITED,
  type Rope,
  replaceFields,
  rope,
  type WireField,
  wireFields,
} from './wire.js';

/**
 * A protobuf library copies each tensor once per level of nesting when it encodes, and decodes `float_data` into numbers
 * of 8 bytes. So it gets a skeleton: the model with an index of 4 bytes in place of each tensor's raw data.
 */
type Container = 'model' | 'graph' | 'function' | 'node' | 'attribute' | 'sparse' | 'tensor';

/** Which fields lead to tensors (onnx.proto). Training information is left out: it stays as the file has it. */
const NESTED: { readonly [C in Container]: Readonly<Record<number, Container>> } = {
  model: { 7: 'graph', 25: 'function' },
  graph: { 1: 'node', 5: 'tensor', 15: 'sparse' },
  function: { 7: 'node', 11: 'attribute' },
  node: { 5: 'attribute' },
  attribute: { 5: 'tensor', 6: 'graph', 10: 'tensor', 11: 'graph', 22: 'sparse', 23: 'sparse' },
  sparse: { 1: 'tensor', 2: 'tensor' },
  tensor: {},
};

/** Fields of TensorProto. Packed floats and doubles are the same bytes as raw data. */
const RAW_DATA = 9;
const FLOAT_DATA = 4;
const DOUBLE_DATA = 10;

/** Takes every tensor's raw data out of an encoded model. The payloads are views into `bytes`. */
export function extractPayloads(bytes: Uint8Array): { readonly skeleton: Rope; readonly payloads: Uint8Array[] } {
  const payloads: Uint8Array[] = [];
  const skeleton = rewriteTensors(bytes, 'model', (tensor) => {
    const number = payloadField(tensor);
    return replaceFields(tensor, (field, body) => {
      if (field.number !== number) return undefined;
      if (field.wireType !== LENGTH_DELIMITED) throw new RangeError('raw data of a wire type other than bytes');
      payloads.push(body);
      return delimited(RAW_DATA, rope(indexBytes(payloads.length - 1)));
    });
  });
  return { skeleton: skeleton ?? rope(bytes), payloads };
}

/** Puts the payloads back where the skeleton holds their indices, without a copy. */
export function implantPayloads(skeleton: Uint8Array, payloads: readonly Chunk[]): Rope {
  const whole = rewriteTensors(skeleton, 'model', (tensor) =>
    replaceFields(tensor, (field, body) =>
      field.number === RAW_DATA ? delimited(RAW_DATA, rope(payloads[payloadIndex(body)])) : undefined,
    ),
  );
  return whole ?? rope(skeleton);
}

export function indexBytes(index: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, index, true);
  return bytes;
}

export function payloadIndex(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
}

function rewriteTensors(
  bytes: Uint8Array,
  container: Container,
  rewrite: (tensor: Uint8Array) => Rope | undefined,
): Rope | undefined {
  if (container === 'tensor') return rewrite(bytes);
  return replaceFields(bytes, (field, body) => {
    const inner = field.wireType === LENGTH_DELIMITED ? NESTED[container][field.number] : undefined;
    const replaced = inner && rewriteTensors(body, inner, rewrite);
    return replaced && delimited(field.number, replaced);
  });
}

/** The field that holds the data: raw, or floats or doubles packed in one record. */
function payloadField(tensor: Uint8Array): number {
  const data: WireField[] = [];
  for (const field of wireFields(tensor)) {
    if (field.number === RAW_DATA) return RAW_DATA;
    if (field.number === FLOAT_DATA || field.number === DOUBLE_DATA) data.push(field);
  }
  return data.length === 1 && data[0].wireType === LENGTH_DELIMITED ? data[0].number : RAW_DATA;
}
