import { fileURLToPath } from 'node:url';
import { crossEntropy, divergence, withLoss } from '../../src/autodiff/losses.js';
import { gaussNewton, gradient, type HessianMode, hvp } from '../../src/autodiff/products.js';
import type { Program, Term } from '../../src/autodiff/program.js';
import { readProgram } from '../../src/autodiff/read-program.js';
import { loadModel } from '../../src/graph/from-onnx.js';
import type { Graph, Model } from '../../src/graph/model.js';
import { random } from '../../src/kernel/random.js';
import { sizeOf } from '../../src/kernel/shape.js';
import { type DenseTensor, fromNumbers } from '../../src/kernel/tensor.js';
import { type Feeds, feedsFor } from '../../src/runtime/feeds.js';
import { simplify } from '../../src/simplify/simplify.js';
import { runOnce } from './run-once.js';

/** A model that derivatives are timed on. */
export interface Subject {
  readonly name: string;
  readonly file: string;
  readonly batch: number;
  /** Sizes of named dimensions. */
  readonly dims?: Readonly<Record<string, number>>;
  /** CPU seconds of PyTorch 2.15 by name of what is timed, one thread, batch 8, on the machine of ../shared/PEERS.md. */
  readonly pytorch?: Readonly<Record<string, number>>;
}

const MODELS = fileURLToPath(new URL('../../../shared/models/', import.meta.url));

export const SUBJECTS: readonly Subject[] = [
  {
    name: 'resnet50',
    file: `${MODELS}resnet50-imagenet.onnx`,
    batch: 8,
    pytorch: { forward: 0.64, gradient: 1.9, 'H v': 6.3 },
  },
  { name: 'mobilenetv2', file: `${MODELS}mobilenetv2-imagenet.onnx`, batch: 8 },
  {
    name: 'minilm',
    file: `${MODELS}minilm-l6-sst2/onnx/model.onnx`,
    batch: 8,
    dims: { sequence: 64 },
    pytorch: { forward: 0.122, gradient: 0.37, 'H v': 1.21 },
  },
];

/** A derivative by the weights of all units, and how many forward passes it takes by counting products. */
export interface Derivative {
  readonly name: string;
  readonly theory: number;
  /** What is aimed at. */
  readonly aim: number;
  derive(program: Program, wrt: readonly string[], output: string): Program;
}

export const DERIVATIVES: readonly Derivative[] = [
  {
    name: 'gradient',
    theory: 3,
    aim: 4.5,
    derive: (program, wrt, output) => gradient(withLoss(program, crossEntropy(output)), wrt),
  },
  {
    name: "J'FJ v",
    theory: 5,
    aim: 7,
    derive: (program, wrt, output) => {
      const loss = divergence(output);
      return gaussNewton(withLoss(program, loss), wrt, loss);
    },
  },
  hessian('H v'),
];

const MODES: readonly HessianMode[] = ['forward-over-reverse', 'reverse-over-forward', 'reverse-over-reverse'];

/** The ways to the same H v. */
export const HESSIANS: readonly Derivative[] = MODES.map((mode) => hessian(mode, mode));

function hessian(name: string, mode?: HessianMode): Derivative {
  return {
    name,
    theory: 8,
    aim: 11,
    derive: (program, wrt, output) => hvp(withLoss(program, crossEntropy(output)), wrt, mode),
  };
}

export interface OpenSubject {
  readonly feeds: Feeds;
  readonly program: Program;
  /** Weights of convolutions and matrix products. */
  readonly wrt: readonly string[];
  readonly output: string;
}

export async function openSubject({ file, batch, dims = {} }: Subject): Promise<OpenSubject> {
  const model = await simplified(file);
  const [feeds] = feedsFor(model.graph.inputs, { kind: 'generated', batch, seed: 1, dims, length: dims.sequence });
  const program = await readProgram(model, { feeds, run: runOnce });
  return { feeds, program, wrt: weightsOf(model.graph), output: model.graph.outputs[0].name };
}

async function simplified(file: string): Promise<Model> {
  return (await simplify(await loadModel(file), { evaluate: runOnce })).model;
}

const UNITS: ReadonlySet<string> = new Set(['Conv', 'Gemm', 'MatMul']);

function weightsOf({ nodes, initializers }: Graph): readonly string[] {
  const units = nodes.filter(({ op }) => UNITS.has(op));
  return units.map(({ inputs }) => inputs[1]).filter((name) => initializers.has(name));
}

/** The model's own feeds, and numbers for what a derivative adds: first classes, equal shares, random directions. */
export function feedsOf(inputs: readonly Term[], own: Feeds): Feeds {
  const source = random(2);
  return Object.fromEntries(inputs.map((input) => [input.name, own[input.name] ?? made(input, source.normal)]));
}

function made({ name, dtype, shape }: Term, normal: () => number): DenseTensor {
  if (dtype === 'string') throw new TypeError(`${name} is no number`);
  const size = sizeOf(shape);
  const share = name.startsWith('weight:') ? 1 / size : undefined;
  const element = dtype === 'int64' ? () => 0 : share === undefined ? normal : () => share;
  return fromNumbers(dtype, shape, Float64Array.from({ length: size }, element));
}
