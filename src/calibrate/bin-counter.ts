import { assemble } from './assemble.js';
import { BINS } from './bins.js';

/** Two tables a tensor, taken in turn: neighbours often fall in one bin, and a count must not wait for the last. */
const TABLE_BYTES = BINS * 4;
const TABLES_BYTES = 2 * TABLE_BYTES;
const PAGE_BYTES = 65536;
/** The smallest and largest of each vector lane are stored from here on. */
const EXTREMES_AT = 0;
const TABLES_AT = PAGE_BYTES;
/** 32-bit counts are emptied into doubles before they could overflow. */
const MOST_PENDING = 2 ** 31;

/**
 * Counts the floats in [at, end), both multiples of 16, by their upper 16 bits into the tables at `table`, and stores
 * the smallest and largest. Vector code, as plain JavaScript takes twice as long (ADR 0050).
 */
const COUNT = assemble({
  name: 'count',
  // 0: at, 1: end, 2: table; 3: address of a count, 4: four floats, 5: smallest, 6: largest
  parameters: ['i32', 'i32', 'i32'],
  locals: ['i32', 'v128', 'v128', 'v128'],
  body: `
    local.get 0
    v128.load 0
    local.tee 5
    local.set 6
    loop
      local.get 0
      v128.load 0
      local.set 4
      local.get 5         ; smallest = min(smallest, four): NaN wins
      local.get 4
      f32x4.min
      local.set 5
      local.get 6
      local.get 4
      f32x4.max
      local.set 6
      local.get 4         ; addresses = table + 4 * (bits >>> 16)
      i32.const 16
      i32x4.shr_u
      i32.const 2
      i32x4.shl
      local.get 2
      i32x4.splat
      i32x4.add
      local.set 4
      ${[0, 1, 2, 3].map(countLane).join('')}
      local.get 0
      i32.const 16
      i32.add
      local.tee 0
      local.get 1
      i32.lt_u
      br_if 0
    end
    i32.const ${EXTREMES_AT}
    local.get 5
    v128.store 0
    i32.const ${EXTREMES_AT + 16}
    local.get 6
    v128.store 0
  `,
});

function countLane(lane: number): string {
  const offset = (lane % 2) * TABLE_BYTES;
  return `
      local.get 4
      i32x4.extract_lane ${lane}
      local.tee 3
      local.get 3
      i32.load ${offset}
      i32.const 1
      i32.add
      i32.store ${offset}`;
}

export interface Extremes {
  /** NaN when any value is. */
  readonly smallest: number;
  readonly largest: number;
}

/** Counts of every float seen, by bin (`bins.ts`), for a fixed number of tensors. */
export interface BinCounter {
  /** Buffers of these lengths to write floats into. Dead after the next call. */
  reserve(lengths: readonly number[]): readonly Float32Array[];
  /** Counts all floats of a reserved buffer as values of tensor `index`; there must be one at least. */
  count(index: number, buffer: Float32Array): Extremes;
  /** Counts so far of tensor `index`, by bin. Overwritten by the next call. */
  counts(index: number): Float64Array;
}

/** A class, as it holds state that changes: counts, in memory that WebAssembly shares with ONNX Runtime's outputs. */
class WasmBinCounter implements BinCounter {
  readonly #memory: WebAssembly.Memory;
  readonly #run: (at: number, end: number, table: number) => void;
  readonly #emptied: (Float64Array | undefined)[];
  readonly #pending: Float64Array;
  readonly #mostPending: number;
  readonly #buffersAt: number;
  readonly #totals = new Float64Array(BINS);

  constructor(tensors: number, mostPending: number) {
    this.#mostPending = mostPending;
    this.#buffersAt = TABLES_AT + tensors * TABLES_BYTES;
    this.#memory = new WebAssembly.Memory({ initial: this.#buffersAt / PAGE_BYTES, maximum: 65536 });
    this.#run = instantiate(this.#memory);
    this.#emptied = new Array(tensors).fill(undefined);
    this.#pending = new Float64Array(tensors);
  }

  reserve(lengths: readonly number[]): readonly Float32Array[] {
    let end = this.#buffersAt;
    const starts = lengths.map((length) => {
      const start = end;
      end += Math.ceil((length * 4) / 16) * 16;
      return start;
    });
    const missing = end - this.#memory.buffer.byteLength;
    if (missing > 0) this.#memory.grow(Math.ceil(missing / PAGE_BYTES));
    return starts.map((start, i) => new Float32Array(this.#memory.buffer, start, lengths[i]));
  }

  count(index: number, buffer: Float32Array): Extremes {
    this.#makeRoom(index, buffer.length);
    const whole = buffer.length - (buffer.length % 4);
    const table = TABLES_AT + index * TABLES_BYTES;
    if (whole > 0) this.#run(buffer.byteOffset, buffer.byteOffset + whole * 4, table);
    this.#countRest(table, buffer.subarray(whole));
    const lanes = new Float32Array(this.#memory.buffer, EXTREMES_AT, whole > 0 ? 8 : 0);
    const rest = buffer.subarray(whole);
    return { smallest: Math.min(...lanes.subarray(0, 4), ...rest), largest: Math.max(...lanes.subarray(4), ...rest) };
  }

  counts(index: number): Float64Array {
    const tables = this.#tables(index);
    const emptied = this.#emptied[index];
    for (let bin = 0; bin < BINS; bin++) this.#totals[bin] = tables[bin] + tables[BINS + bin];
    if (emptied) for (let bin = 0; bin < BINS; bin++) this.#totals[bin] += emptied[bin];
    return this.#totals;
  }

  #countRest(table: number, rest: Float32Array): void {
    const counts = new Uint32Array(this.#memory.buffer, table, BINS);
    const bits = new Uint32Array(rest.buffer, rest.byteOffset, rest.length);
    for (const value of bits) counts[value >>> 16]++;
  }

  #makeRoom(index: number, length: number): void {
    if (this.#pending[index] + length > this.#mostPending) this.#empty(index);
    this.#pending[index] += length;
  }

  #empty(index: number): void {
    this.#emptied[index] = this.counts(index).slice();
    this.#tables(index).fill(0);
    this.#pending[index] = 0;
  }

  #tables(index: number): Uint32Array {
    return new Uint32Array(this.#memory.buffer, TABLES_AT + index * TABLES_BYTES, 2 * BINS);
  }
}

/** `mostPending` is for tests: elements of one tensor after which its 32-bit counts are emptied. */
export function binCounter(tensors: number, mostPending = MOST_PENDING): BinCounter {
  return new WasmBinCounter(tensors, mostPending);
}

function instantiate(memory: WebAssembly.Memory): (at: number, end: number, table: number) => void {
  const { count } = new WebAssembly.Instance(new WebAssembly.Module(COUNT), { host: { memory } }).exports;
  if (typeof count !== 'function') throw new TypeError('the module exports no function');
  return (at, end, table) => count(at, end, table);
}
