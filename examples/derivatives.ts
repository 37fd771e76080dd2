/**
 * Derivatives of an ONNX model as ONNX models: how the loss of the shipped network of shapes changes along its gradient,
 * to first and second order, beside what really happens when its weights are moved there.
 *
 *     npx tsx examples/derivatives.ts
 */
import {
  crossEntropy,
  gradient,
  gradientOf,
  hvp,
  lossInput,
  type Program,
  productOf,
  readProgram,
  tangentOf,
  toModel,
  withLoss,
} from '../src/autodiff.js';
import { encodeModel } from '../src/graph/to-onnx.js';
import { loadModel, ortRuntime } from '../src/index.js';
import { floats, ints, type Tensor, tensor, toFloat32 } from '../src/kernel/tensor.js';
import { SEEDS } from './shapes/dataset.js';
import { MODEL } from './shapes/demonstration.js';
import { INPUT } from './shapes/network.js';
import { draw } from './shapes/raster.js';

type Tensors = Readonly<Record<string, Tensor>>;

const model = await loadModel(MODEL);
const [output] = model.graph.outputs.map(({ name }) => name);
const { label, pixels } = draw(SEEDS.holdout, 3);
const image = tensor('float32', [1, INPUT.channels, INPUT.height, INPUT.width], pixels);
const program = withLoss(await readProgram(model, { feeds: { [INPUT.name]: image } }), crossEntropy(output));
const weights = [...program.constants].flatMap(([name, { dims }]) => (dims.length > 1 ? [name] : []));

/** Runs a program on the drawing; `more` are tangents, where it asks for any. */
async function run(derived: Program, more: Tensors = {}): Promise<Tensors> {
  const feeds: Tensors = {
    [INPUT.name]: image,
    [lossInput.label(output)]: ints([label]),
    [lossInput.weight(output)]: floats([1]),
    ...more,
  };
  const session = await ortRuntime.open(encodeModel(toModel(derived)));
  const asked = derived.inputs.map(({ name }) => [name, feeds[name]] as const);
  const results = await session.run(Object.fromEntries(asked));
  await session.close();
  return results;
}

/** The loss with all weights moved by `step` times a direction. */
async function lossAt(direction: Tensors, step: number): Promise<number> {
  const moved = weights.map((name) => {
    const by = toFloat32(direction[name]);
    const from = program.constants.get(name) ?? direction[name];
    return [name, floats([...toFloat32(from).map((value, i) => value + step * by[i])], from.dims)] as const;
  });
  const { loss } = await run({ ...program, constants: new Map([...program.constants, ...moved]) });
  return toFloat32(loss)[0];
}

function dot(a: Tensors, b: Tensors): number {
  return weights.reduce((total, name) => {
    const other = toFloat32(b[name]);
    return total + toFloat32(a[name]).reduce((sum, value, i) => sum + value * other[i], 0);
  }, 0);
}

function byWeight(results: Tensors, key: (name: string) => string): Tensors {
  return Object.fromEntries(weights.map((name) => [name, results[key(name)]]));
}

const slopes = byWeight(await run(gradient(program, weights)), gradientOf);
const tangents = Object.fromEntries(weights.map((name) => [tangentOf(name), slopes[name]]));
const curved = byWeight(await run(hvp(program, weights), tangents), productOf);

const step = 0.003 / Math.sqrt(dot(slopes, slopes));
const [before, here, after] = [await lossAt(slopes, -step), await lossAt(slopes, 0), await lossAt(slopes, step)];
console.log(
  `first order:  g'g  = ${dot(slopes, slopes).toPrecision(4)}, seen ${((after - before) / (2 * step)).toPrecision(4)}`,
);
console.log(
  `second order: g'Hg = ${dot(slopes, curved).toPrecision(4)}, seen ${((after - 2 * here + before) / step ** 2).toPrecision(4)}`,
);
