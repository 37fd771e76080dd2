/** Bytes that are read only when they are written out: a tensor whose data lies in another file. */
export interface LazyBytes {
  readonly length: number;
  read(): Uint8Array;
}

export type Chunk = Uint8Array | LazyBytes;

/** Bytes in pieces, so that large ones need not be copied to be joined. */
export interface Rope {
  readonly chunks: readonly Chunk[];
  readonly length: number;
}

/** One field of a protobuf message: the tag starts at `start`, its content is `[body, end)`. */
export interface WireField {
  readonly number: number;
  readonly wireType: number;
  readonly start: number;
  readonly body: number;
  readonly end: number;
}

export const LENGTH_DELIMITED = 2;

/**
 * The fields of an encoded message, in order.
 * Source: https://protobuf.dev/programming-guides/encoding. Throws a RangeError where the bytes end inside a field.
 */
export function* wireFields(bytes: Uint8Array): Generator<WireField> {
  for (let position = 0; position < bytes.length; ) {
    const field = fieldAt(bytes, position);
    yield field;
    position = field.end;
  }
}

function fieldAt(bytes: Uint8Array, start: number): WireField {
  const tag = varintAt(bytes, start);
  const number = Math.floor(tag.value / 8);
  const wireType = tag.value % 8;
  if (number === 0) throw new RangeError(`no field has number 0 (byte ${start})`);
  const { body, end } = extent(bytes, tag.end, wireType, number);
  if (end > bytes.length) throw new RangeError(`field ${number} ends ${end - bytes.length} bytes after the message`);
  return { number, wireType, start, body, end };
}

function extent(bytes: Uint8Array, at: number, wireType: number, number: number): { body: number; end: number } {
  switch (wireType) {
    case 0:
      return { body: at, end: varintAt(bytes, at).end };
    case 1:
      return { body: at, end: at + 8 };
    case LENGTH_DELIMITED: {
      const length = varintAt(bytes, at);
      return { body: length.end, end: length.end + length.value };
    }
    case 3:
      return { body: at, end: groupEnd(bytes, at, number) };
    case 5:
      return { body: at, end: at + 4 };
    default:
      throw new RangeError(`no field has wire type ${wireType} (byte ${at})`);
  }
}

function groupEnd(bytes: Uint8Array, start: number, number: number): number {
  for (let position = start; position < bytes.length; ) {
    const tag = varintAt(bytes, position);
    if (tag.value === number * 8 + 4) return tag.end;
    position = fieldAt(bytes, position).end;
  }
  throw new RangeError(`group ${number} does not end`);
}

/** Exact up to 2^53; larger varints occur only as values, whose size alone matters here. */
function varintAt(bytes: Uint8Array, start: number): { value: number; end: number } {
  let value = 0;
  for (let i = 0; i < 10; i++) {
    if (start + i >= bytes.length) throw new RangeError(`the bytes end inside a number (byte ${start})`);
    const byte = bytes[start + i];
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return { value, end: start + i + 1 };
  }
  throw new RangeError(`a number is longer than 10 bytes (byte ${start})`);
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  return [...bytes, rest];
}

/** A length-delimited field with this content. */
export function delimited(number: number, content: Rope): Rope {
  const head = Uint8Array.from([...varint(number * 8 + LENGTH_DELIMITED), ...varint(content.length)]);
  return { chunks: [head, ...content.chunks], length: head.length + content.length };
}

export function rope(...chunks: readonly Chunk[]): Rope {
  return { chunks, length: chunks.reduce((length, chunk) => length + chunk.length, 0) };
}

/** The message with the fields that `replace` answers for replaced, the others as they were; `undefined` if none was. */
export function replaceFields(
  bytes: Uint8Array,
  replace: (field: WireField, body: Uint8Array) => Rope | undefined,
): Rope | undefined {
  const chunks: Chunk[] = [];
  let kept = 0;
  for (const field of wireFields(bytes)) {
    const replacement = replace(field, bytes.subarray(field.body, field.end));
    if (!replacement) continue;
    if (field.start > kept) chunks.push(bytes.subarray(kept, field.start));
    for (const chunk of replacement.chunks) chunks.push(chunk);
    kept = field.end;
  }
  if (chunks.length === 0) return undefined;
  if (kept < bytes.length) chunks.push(bytes.subarray(kept));
  return rope(...chunks);
}

export function bytesOf(chunk: Chunk): Uint8Array {
  return chunk instanceof Uint8Array ? chunk : chunk.read();
}

export function flatten(source: Rope): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(source.length);
  let position = 0;
  for (const chunk of source.chunks) {
    bytes.set(bytesOf(chunk), position);
    position += chunk.length;
  }
  return bytes;
}
