import { join } from 'node:path';
import { divergence } from '../../src/autodiff/losses.js';
import { loadModel } from '../../src/graph/from-onnx.js';
import type { Model, Value } from '../../src/graph/model.js';
import { random } from '../../src/kernel/random.js';
import { isStatic, sizeOf } from '../../src/kernel/shape.js';
import { fromNumbers, toNumbers } from '../../src/kernel/tensor.js';
import type { TensorMap } from '../../src/runtime/session.js';
import { type BackendCase, feedsOf } from '../conformance/backend-cases.js';
import { SHARED } from '../support/run-model.js';
import { runOnce } from './compiled.js';
import { normal } from './directions.js';
import { type Errors, measureAdjoint, measureLaws } from './laws.js';
import { withRandomWeights } from './light-model.js';
import { gaussNewtonError, underLoss } from './loss-subject.js';
import { modelSubject } from './model-subject.js';
import { type Subject, withCalmScores } from './subject.js';

/** The errors allowed in float32, on the runtime's own rewriting of the graph. */
export const SINGLE = { adjoint: 1e-5, 'gauss-newton': 5e-4 } as const;

/** Their stored inputs are negative, where neither is defined. */
const POSITIVE: ReadonlySet<string> = new Set([
  'pytorch-operator/test_operator_sqrt',
  'pytorch-operator/test_operator_pow',
]);

/** Errors of all laws in float64, at the inputs that the case stores. */
export async function operatorErrors({ name, model: file, sets }: BackendCase): Promise<Partial<Errors>> {
  const model = await loadModel(file);
  const feeds = feedsOf(model, sets[0]);
  return measureLaws(await modelSubject(model, POSITIVE.has(name) ? magnitudes(feeds) : feeds, 'float64'));
}

function magnitudes(feeds: TensorMap): TensorMap {
  return Object.fromEntries(
    Object.entries(feeds).map(([name, value]) => [
      name,
      fromNumbers('float32', value.dims, Float64Array.from(toNumbers(value), Math.abs)),
    ]),
  );
}

/** A light network with random weights at a random input: the derivatives of its scores by every weight. */
export async function lightSubject(file: string, precision: 'float64' | 'own'): Promise<Subject> {
  const model = withRandomWeights(await loadModel(file), 1);
  const inputs = model.graph.inputs.map((input) => ({
    name: input.name,
    dtype: 'float32' as const,
    shape: sizes(input),
  }));
  const subject = await modelSubject(model, normal(inputs, 3), precision);
  return withCalmScores(subject, (program) => runOnce(program, subject.point, precision));
}

function sizes({ name, type }: Value): readonly number[] {
  if (type?.kind === 'tensor' && type.shape && isStatic(type.shape)) return type.shape;
  throw new RangeError(`the shape of ${name} is open`);
}

/** Trained models that lie beside the project on the machines that have them. */
export const TRAINED = [
  ...['resnet20-cifar10', 'mobilenetv2-0.35-tinyimagenet', 'gpt2-smiles', 'bert-mini-sst2'],
  'minilm-l6-sst2/onnx/model',
].map((name) => ({ name, file: join(SHARED, 'models', `${name}.onnx`) }));

/** The derivatives of a trained model's first output, at inputs from a seed: normal numbers, tokens, masks of ones. */
export async function trainedSubject(file: string, precision: 'float64' | 'own', length = 12): Promise<Subject> {
  const model = await loadModel(file);
  const subject = await modelSubject(model, trainedFeeds(model, length), precision);
  return { ...subject, of: subject.of.slice(0, 1) };
}

const TEXTS = 2;
/** Every vocabulary has so many tokens. */
const TOKENS = 60;

function trainedFeeds({ graph }: Model, length: number): TensorMap {
  const source = random(1);
  return Object.fromEntries(
    graph.inputs.map(({ name, type }) => {
      const shape = type?.kind === 'tensor' ? (type.shape ?? []) : [];
      const batch = shape.length > 2 ? 1 : TEXTS;
      const dims = shape.map((dim, axis) => (typeof dim === 'number' ? dim : axis === 0 ? batch : length));
      const token = name.includes('mask') ? () => 1 : name.includes('type') ? () => 0 : () => source.below(TOKENS);
      const float = type?.kind === 'tensor' && type.dtype === 'float32';
      const values = Float64Array.from({ length: sizeOf(dims) }, float ? source.normal : token);
      return [name, fromNumbers(float ? 'float32' : 'int64', dims, values)];
    }),
  );
}

/** Errors of the laws that float32 can show. */
export async function singleErrors(subject: Subject): Promise<Errors<'adjoint' | 'gauss-newton'>> {
  const self = await underLoss(subject, divergence(subject.of[0]), 'own');
  return { adjoint: await measureAdjoint(subject), 'gauss-newton': await gaussNewtonError(self, 'own') };
}
