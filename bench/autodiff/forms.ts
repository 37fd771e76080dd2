/**
 * CPU milliseconds of every form of the two adjoints of a convolution, beside the convolution's own with constant weights
 * (median of its ratio): batch 8, one thread, in turns. `*` marks the form that is chosen.
 *
 *     npx tsx bench/autodiff/forms.ts [--rounds N]
 *
 * Wants a quiet machine.
 */
import { parseArgs } from 'node:util';
import { Builder } from '../../src/autodiff/builder.js';
import type { ConvGeometry } from '../../src/autodiff/primitives.js';
import type { Term } from '../../src/autodiff/program.js';
import { convolved } from '../../src/autodiff/shapes/products.js';
import { CONV_INPUT_FORMS } from '../../src/autodiff/write/conv-input.js';
import { CONV_WEIGHT_FORMS } from '../../src/autodiff/write/conv-weight.js';
import type { Form } from '../../src/autodiff/write/form.js';
import type { FormChoice } from '../../src/autodiff/write/forms.js';
import type { RewriteSite } from '../../src/autodiff/write/rewrite.js';
import { toModel } from '../../src/autodiff/write/to-model.js';
import { encodeModel } from '../../src/graph/to-onnx.js';
import { random } from '../../src/kernel/random.js';
import { sizeOf } from '../../src/kernel/shape.js';
import { median } from '../../src/kernel/statistics.js';
import { type DenseTensor, tensor } from '../../src/kernel/tensor.js';
import type { Feeds } from '../../src/runtime/feeds.js';
import { cpuTimes, type Fed, ratioOf } from './cpu-time.js';

const BATCH = 8;

/** A convolution as ResNet50 and MobileNetV2 have it: input channels, side, output channels, kernel, stride, groups. */
type Layer = readonly [channels: number, side: number, out: number, kernel: number, stride: number, group: number];

const LAYERS: readonly Layer[] = [
  [64, 56, 256, 1, 1, 1],
  [512, 28, 128, 1, 1, 1],
  [256, 14, 1024, 1, 1, 1],
  [2048, 7, 512, 1, 1, 1],
  [256, 56, 512, 1, 2, 1],
  [1024, 14, 2048, 1, 2, 1],
  [64, 56, 64, 3, 1, 1],
  [128, 28, 128, 3, 1, 1],
  [256, 14, 256, 3, 1, 1],
  [512, 7, 512, 3, 1, 1],
  [128, 56, 128, 3, 2, 1],
  [512, 14, 512, 3, 2, 1],
  [3, 224, 64, 7, 2, 1],
  [144, 56, 144, 3, 1, 144],
  [960, 7, 960, 3, 1, 960],
  [96, 112, 96, 3, 2, 96],
];

interface Operands {
  readonly x: DenseTensor;
  readonly w: DenseTensor;
  readonly y: DenseTensor;
  readonly geometry: ConvGeometry;
}

interface Timed extends Fed {
  readonly name: string;
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { rounds: { type: 'string', default: '9' } } });
  for (const layer of LAYERS) {
    const [channels, side, out, kernel, stride, group] = layer;
    console.log(`\n${channels} > ${out} at ${side}, ${kernel} x ${kernel}, stride ${stride}, groups ${group}`);
    const models = formsOf(operands(layer));
    const seconds = await cpuTimes(models, Number(values.rounds));
    models.forEach(({ name }, i) => {
      const ms = median(seconds[i]) * 1000;
      console.log(`  ${name.padEnd(44)} ${ms.toFixed(1).padStart(6)}  ${ratioOf(seconds[i], seconds[0]).toFixed(2)} x`);
    });
  }
}

function operands([channels, side, out, kernel, stride, group]: Layer): Operands {
  const around = Math.floor(kernel / 2);
  const geometry = {
    strides: [stride, stride],
    dilations: [1, 1],
    pads: [around, around, around, around],
    group,
  };
  const [x, w] = [noise([BATCH, channels, side, side]), noise([out, channels / group, kernel, kernel])];
  return { x, w, y: noise([BATCH, out, ...convolved([side, side], [kernel, kernel], geometry)]), geometry };
}

function noise(dims: readonly number[]): DenseTensor {
  const source = random(1);
  return tensor('float32', dims, Float32Array.from({ length: sizeOf(dims) }, source.normal));
}

/** The convolution, then each adjoint in each of its forms. */
function formsOf({ x, w, y, geometry }: Operands): readonly Timed[] {
  const b = new Builder();
  const [tx, tw, ty] = [given(b, 'x', x), b.constant(w, 'w'), given(b, 'y', y)];
  const weight = { b, inputs: [tx, ty], params: { ...geometry, kernel: w.dims.slice(2) } };
  const input = { b, inputs: [ty, tw], params: { ...geometry, spatial: x.dims.slice(2) } };
  const moving = { ...input, inputs: [ty, given(b, 'v', w)] };
  const feeds = { x, y, v: w };
  return [
    timed('Conv', b, b.one('Conv', [tx, tw], geometry), feeds, {}),
    ...eachForm('ConvWeight', CONV_WEIGHT_FORMS, weight, feeds, ''),
    ...eachForm('ConvInput', CONV_INPUT_FORMS, input, feeds, ''),
    ...eachForm('ConvInput', CONV_INPUT_FORMS, moving, feeds, ', w not constant'),
  ];
}

function eachForm<P extends 'ConvWeight' | 'ConvInput'>(
  op: P,
  forms: readonly Form<P>[],
  site: RewriteSite<P>,
  feeds: Feeds,
  note: string,
): readonly Timed[] {
  const possible = forms.filter((form) => form.can(site));
  const chosen = possible.find((form) => form.fast(site));
  const result = site.b.one(op, site.inputs, site.params);
  return possible.map((form) => {
    const name = `${form === chosen ? '*' : ' '} ${op} ${form.name}${note}`;
    return timed(name, site.b, result, feeds, { [op]: form.name });
  });
}

function given(b: Builder, name: string, { dtype, dims }: DenseTensor): Term {
  return b.input(name, { dtype, shape: dims });
}

function timed(name: string, b: Builder, result: Term, feeds: Feeds, forms: FormChoice): Timed {
  const program = b.finish(new Map([['result', result]]));
  const read = program.inputs.map((term) => [term.name, feeds[term.name]]);
  return { name, model: encodeModel(toModel(program, { forms })), feeds: Object.fromEntries(read) };
}

await main();
