/** WebAssembly's encoding of each instruction that `assemble` knows; loads and stores carry their alignment. */
const OPCODES: Readonly<Record<string, readonly number[]>> = {
  loop: [0x03, 0x40],
  end: [0x0b],
  br_if: [0x0d],
  'local.get': [0x20],
  'local.set': [0x21],
  'local.tee': [0x22],
  'i32.load': [0x28, 2],
  'i32.store': [0x36, 2],
  'i32.const': [0x41],
  'i32.lt_u': [0x49],
  'i32.add': [0x6a],
  'v128.load': [0xfd, 0x00, 4],
  'v128.store': [0xfd, 0x0b, 4],
  'i32x4.splat': [0xfd, 0x11],
  'i32x4.extract_lane': [0xfd, 0x1b],
  'i32x4.shl': [0xfd, 0xab, 0x01],
  'i32x4.shr_u': [0xfd, 0xad, 0x01],
  'i32x4.add': [0xfd, 0xae, 0x01],
  'f32x4.min': [0xfd, 0xe8, 0x01],
  'f32x4.max': [0xfd, 0xe9, 0x01],
};

const VALUE_TYPES = { i32: 0x7f, v128: 0x7b } as const;
type ValueType = keyof typeof VALUE_TYPES;

export interface WasmFunction {
  readonly name: string;
  readonly parameters: readonly ValueType[];
  readonly locals: readonly ValueType[];
  /** One instruction with at most one immediate a line; `;` starts a comment. The final `end` is added. */
  readonly body: string;
}

/** A WebAssembly module (core specification, section 5) that exports one function over the imported memory `host.memory`. */
export function assemble({ name, parameters, locals, body }: WasmFunction): Uint8Array {
  const code = [
    ...vector(locals.map((type) => [1, VALUE_TYPES[type]])),
    ...body.split('\n').flatMap(instruction),
    ...OPCODES.end,
  ];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [[0x60, ...vector(parameters.map((type) => [VALUE_TYPES[type]])), 0]]),
    ...section(2, [[...text('host'), ...text('memory'), 0x02, 0x00, 1]]),
    ...section(3, [[0]]),
    ...section(7, [[...text(name), 0x00, 0]]),
    ...section(10, [sized(code)]),
  ]);
}

function instruction(line: string): readonly number[] {
  const [mnemonic, immediate] = line.replace(/;.*/, '').trim().split(/\s+/);
  if (!mnemonic) return [];
  const opcode = OPCODES[mnemonic];
  if (!opcode) throw new RangeError(`no instruction ${mnemonic}`);
  return immediate === undefined ? opcode : [...opcode, ...unsigned(Number(immediate))];
}

function section(id: number, items: readonly (readonly number[])[]): readonly number[] {
  return [id, ...sized(vector(items))];
}

function vector(items: readonly (readonly number[])[]): readonly number[] {
  return [...unsigned(items.length), ...items.flat()];
}

function sized(bytes: readonly number[]): readonly number[] {
  return [...unsigned(bytes.length), ...bytes];
}

function text(value: string): readonly number[] {
  return sized([...new TextEncoder().encode(value)]);
}

/** LEB128. `i32.const` reads it as signed: the same bytes below 64, and the programs here use no larger constant. */
function unsigned(value: number): readonly number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...unsigned(value >>> 7)];
}
