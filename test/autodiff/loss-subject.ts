import { type Loss, lossInput, scoresOf, withLoss } from '../../src/autodiff/losses.js';
import {
  gaussNewton,
  gradientOf,
  hvp,
  probeOf,
  productOf,
  rootProduct,
  tangentOf,
} from '../../src/autodiff/products.js';
import { random } from '../../src/kernel/random.js';
import { sizeOf } from '../../src/kernel/shape.js';
import { floats, fromNumbers, ints, type Tensor } from '../../src/kernel/tensor.js';
import type { TensorMap } from '../../src/runtime/session.js';
import { type Workbench, workbench } from './compiled.js';
import { apart, combination, inner, normal, renamed, type Vector } from './directions.js';
import { type Subject, termOf } from './subject.js';

/** A subject whose only output is a loss. */
export interface LossSubject extends Subject {
  readonly loss: Loss;
}

/** The subject under a loss: labels from a seed, the reference the model's own output, positions weighted unequally. */
export async function underLoss(subject: Subject, loss: Loss, precision: 'float64' | 'own'): Promise<LossSubject> {
  const program = withLoss(subject.program, loss);
  const added = program.inputs.filter(({ name }) => /^(label|reference|weight):/.test(name));
  const point: TensorMap = { ...subject.point, ...Object.fromEntries(added.map((term) => [term.name, fed(term)])) };
  const bench = workbench(precision);
  try {
    const scores = await bench.run(
      program,
      point,
      loss.map(({ output }) => scoresOf(output)),
    );
    const references = loss.map(({ output }) => [lossInput.reference(output), scores[scoresOf(output)]] as const);
    const needed = references.filter(([name]) => name in point);
    return { ...subject, program, of: ['loss'], point: { ...point, ...Object.fromEntries(needed) }, loss };
  } finally {
    await bench.close();
  }
}

/** Weights from 0.5 on, class 0 or 1, and zeros until the reference is known. */
function fed({ name, dtype, shape }: ReturnType<typeof termOf>): Tensor {
  const source = random(name.length);
  const count = sizeOf(shape);
  if (dtype === 'int64')
    return ints(
      Array.from({ length: count }, () => source.below(2)),
      shape,
    );
  const values = Float64Array.from({ length: count }, () => (name.startsWith('weight') ? 0.5 + source.uniform() : 0));
  return dtype === 'float64' ? fromNumbers('float64', shape, values) : floats([...values], shape);
}

/** How far H v is from J' F J v. The loss must be the divergence from the model's own output. */
export async function gaussNewtonError(subject: LossSubject, precision: 'float64' | 'own'): Promise<number> {
  const { program, wrt, loss } = subject;
  return measured(subject, precision, async (bench, v) => {
    const exact = await product(bench, subject, hvp(program, wrt), v);
    return apart(exact, await product(bench, subject, gaussNewton(program, wrt, loss), v));
  });
}

/** How far the sum of J' S e (J' S e)' v over all unit vectors e is from J' F J v: S S' = F. */
export async function rootError(subject: LossSubject, precision: 'float64' | 'own'): Promise<number> {
  const { program, wrt, loss, point } = subject;
  const root = rootProduct(program, wrt, loss);
  const probes = root.inputs.filter(({ name }) => loss.some(({ output }) => name === probeOf(output)));
  return measured(subject, precision, async (bench, v) => {
    let sum: Vector = combination(-1, v, v);
    for (const probe of units(probes)) {
      const column = renamed(await bench.run(root, { ...point, ...probe }), gradientOf, same, wrt);
      sum = combination(inner(column, v), column, sum);
    }
    return apart(sum, await product(bench, subject, gaussNewton(program, wrt, loss), v));
  });
}

/** Each unit vector of the space that these inputs span. */
function units(space: LossSubject['program']['inputs']): readonly TensorMap[] {
  const none = space.map(({ dtype, shape }) => ({ dtype, shape, values: new Float64Array(sizeOf(shape)) }));
  const filled = (at: number, k: number): TensorMap =>
    Object.fromEntries(
      space.map(({ name, shape, dtype }, i) => {
        const values = i === at ? none[i].values.with(k, 1) : none[i].values;
        return [name, dtype === 'float64' ? fromNumbers('float64', shape, values) : floats([...values], shape)];
      }),
    );
  return none.flatMap(({ values }, i) => Array.from(values, (_, k) => filled(i, k)));
}

async function measured(
  { program, wrt }: LossSubject,
  precision: 'float64' | 'own',
  measure: (bench: Workbench, v: Vector) => Promise<number>,
): Promise<number> {
  const bench = workbench(precision);
  const space = wrt.map((name) => ({ ...termOf(program, name), name }));
  try {
    return await measure(bench, normal(space, 1));
  } finally {
    await bench.close();
  }
}

async function product(
  bench: Workbench,
  { point, wrt }: LossSubject,
  program: LossSubject['program'],
  v: Vector,
): Promise<Vector> {
  const result = await bench.run(program, { ...point, ...renamed(v, same, tangentOf, wrt) });
  return renamed(result, productOf, same, wrt);
}

const same = (name: string) => name;
