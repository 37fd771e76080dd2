/** Random small networks of convolutions, products and all kinds of followers: what laws about plans are tested on. */
import fc from 'fast-check';
import { buildModel, value } from '../src/graph/build.js';
import type { GraphEdit } from '../src/graph/edit.js';
import type { Model } from '../src/graph/model.js';
import type { Format } from '../src/quantize/formats.js';
import { isFormat } from '../src/quantize/formats.js';
import { reasonAgainst, type TargetRules } from '../src/quantize/rules.js';
import { findUnits } from '../src/quantize/units.js';
import { noise } from './plans.js';

/** One step: an operator that reads earlier values, counted back from the last. */
interface Step {
  readonly kind: keyof typeof STEPS;
  readonly back: number;
  readonly other: number;
}

export interface Recipe {
  readonly image: readonly Step[];
  readonly matrix: readonly (keyof typeof LAYERS)[];
  /** Values, counted from the first, that leave the graph beside the last one. */
  readonly outputs: readonly number[];
}

const CHANNELS = 4;
const SIDE = 4;

type AddStep = (edit: GraphEdit, inputs: readonly [string, string], index: number) => string;

const window = { kernel_shape: [3, 3], pads: [1, 1, 1, 1], strides: [1, 1] };

/** Each keeps the shape [1, 4, 4, 4]. */
const STEPS = {
  conv: (edit, [x], i) => conv(edit, x, `conv${i}`, CHANNELS),
  relu: (edit, [x]) => edit.add({ op: 'Relu', inputs: [x] }),
  convRelu: (edit, [x], i) => edit.add({ op: 'Relu', inputs: [conv(edit, x, `conv${i}`, CHANNELS)] }),
  add: (edit, [x, y]) => edit.add({ op: 'Add', inputs: [x, y] }),
  addRelu: (edit, [x, y]) => edit.add({ op: 'Relu', inputs: [edit.add({ op: 'Add', inputs: [x, y] })] }),
  mul: (edit, [x, y]) => edit.add({ op: 'Mul', inputs: [x, y] }),
  concat: (edit, [x, y], i) => {
    const joined = edit.add({ op: 'Concat', inputs: [x, y], attributes: { axis: 1 } });
    return conv(edit, joined, `conv${i}`, 2 * CHANNELS);
  },
  sigmoid: (edit, [x]) => edit.add({ op: 'Sigmoid', inputs: [x] }),
  maxPool: (edit, [x]) => edit.add({ op: 'MaxPool', inputs: [x], attributes: window }),
  averagePool: (edit, [x]) => edit.add({ op: 'AveragePool', inputs: [x], attributes: window }),
  tanh: (edit, [x]) => edit.add({ op: 'Tanh', inputs: [x] }),
  transpose: (edit, [x]) => edit.add({ op: 'Transpose', inputs: [x], attributes: { perm: [0, 1, 3, 2] } }),
  sharedConv: (edit, [x], i) =>
    edit.add({ op: 'Conv', name: `shared${i}`, inputs: [x, sharedWeight(edit)], attributes: { pads: [1, 1, 1, 1] } }),
} satisfies Record<string, AddStep>;

/** Each keeps the shape [1, 4]. */
const LAYERS = {
  gemm: (edit: GraphEdit, x: string, i: number) =>
    edit.add({ op: 'Gemm', name: `gemm${i}`, inputs: [x, matrix(edit, `gemm${i}`)] }),
  matmul: (edit: GraphEdit, x: string, i: number) =>
    edit.add({ op: 'MatMul', name: `matmul${i}`, inputs: [x, matrix(edit, `matmul${i}`)] }),
  square: (edit: GraphEdit, x: string, i: number) =>
    edit.add({ op: 'MatMul', name: `product${i}`, inputs: [x, edit.add({ op: 'Transpose', inputs: [x] })] }),
  relu: (edit: GraphEdit, x: string) => edit.add({ op: 'Relu', inputs: [x] }),
  erf: (edit: GraphEdit, x: string) => edit.add({ op: 'Erf', inputs: [x] }),
  move: (edit: GraphEdit, x: string) => edit.add({ op: 'Flatten', inputs: [x], attributes: { axis: 1 } }),
};

function conv(edit: GraphEdit, x: string, name: string, inputs: number): string {
  const weight = edit.constant(`${name}.weight`, noise([CHANNELS, inputs, 3, 3], inputs, 0.3));
  return edit.add({ op: 'Conv', name, inputs: [x, weight], attributes: { pads: [1, 1, 1, 1] } });
}

const sharedWeights = new WeakMap<GraphEdit, string>();

function sharedWeight(edit: GraphEdit): string {
  const known = sharedWeights.get(edit) ?? edit.constant('shared.weight', noise([CHANNELS, CHANNELS, 3, 3], 9, 0.3));
  sharedWeights.set(edit, known);
  return known;
}

function matrix(edit: GraphEdit, name: string): string {
  return edit.constant(`${name}.weight`, noise([CHANNELS, CHANNELS], 5, 0.5));
}

export const recipes: fc.Arbitrary<Recipe> = fc.record({
  image: fc.array(
    fc.record({
      kind: fc.constantFrom(...keysOf(STEPS)),
      back: fc.integer({ min: 0, max: 3 }),
      other: fc.integer({ min: 0, max: 5 }),
    }),
    { minLength: 1, maxLength: 12 },
  ),
  matrix: fc.array(fc.constantFrom(...keysOf(LAYERS)), { maxLength: 6 }),
  outputs: fc.array(fc.nat({ max: 16 }), { maxLength: 2 }),
});

export function modelOf({ image, matrix: layers, outputs }: Recipe): Model {
  const values = ['x'];
  const x = value('x', 'float32', [1, CHANNELS, SIDE, SIDE]);
  return buildModel({ inputs: [x], outputs: [] }, (edit) => {
    image.forEach(({ kind, back, other }, i) => {
      const earlier = (steps: number) => values[Math.max(0, values.length - 1 - steps)];
      values.push(STEPS[kind](edit, [earlier(back), earlier(other)], i));
    });
    const pooled = edit.add({ op: 'GlobalAveragePool', inputs: [values[values.length - 1]] });
    let last = edit.add({ op: 'Flatten', inputs: [pooled] });
    layers.forEach((layer, i) => {
      last = layer === 'square' ? squared(edit, last, i) : LAYERS[layer](edit, last, i);
      values.push(last);
    });
    const extra = outputs.filter((index) => index > 0 && index < values.length).map((index) => values[index]);
    edit.setOutputs([...new Set([...extra, last])].map((name) => value(name, 'float32')));
  });
}

/** A product of two activations, brought back to the shape of its input. */
function squared(edit: GraphEdit, x: string, i: number): string {
  return edit.add({ op: 'Mul', inputs: [x, LAYERS.square(edit, x, i)] });
}

/** A possible format for every unit; units of one group share it. */
export function randomFormats(model: Model, target: TargetRules, choose: (bound: number) => number) {
  const formats: Record<string, Format> = {};
  for (const [group, ladder] of ladders(model, target)) {
    const format = ladder[choose(ladder.length)];
    for (const unit of findUnits(model)) if (unit.group === group) formats[unit.name] = format;
  }
  return formats;
}

/** All formats that every unit of a group can take, float first. */
export function ladders(model: Model, target: TargetRules): ReadonlyMap<string, readonly Format[]> {
  const units = findUnits(model);
  const possible = (group: string) =>
    ALL.filter((format) =>
      units.every((unit) => unit.group !== group || reasonAgainst(unit, format, target) === undefined),
    );
  return new Map(units.map(({ group }) => [group, possible(group)]));
}

const ALL: readonly Format[] = [
  'float',
  'w8a8',
  'w8a8-dynamic',
  'w4a8',
  'w4a4',
  'w8a16',
  'w16a16',
  'f16',
  'w4',
  'w8',
].filter(isFormat);

function keysOf<K extends string>(table: Readonly<Record<K, unknown>>): K[] {
  const isKey = (name: string): name is K => Object.hasOwn(table, name);
  return Object.keys(table).filter(isKey);
}
