import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { add, zeros } from '../autodiff/ops.js';
import type { PreparedSet, Sample } from '../data/dataset.js';
import type { OutputKinds } from '../data/metric.js';
import { prepare } from '../data/prepared.js';
import { buildModel, value } from '../graph/build.js';
import type { GraphEdit } from '../graph/edit.js';
import type { Model } from '../graph/model.js';
import { random } from '../kernel/random.js';
import { floats } from '../kernel/tensor.js';
import { localExecutor } from '../runtime/executor.js';
import { ortRuntime } from '../runtime/ort.js';
import type { Subject } from './derived-programs.js';
import { type EstimateSettings, type Estimates, estimate } from './estimate.js';
import type { Estimator } from './estimator.js';
import { TRACE_ESTIMATORS, traceOf } from './estimators.js';
import { lossOf } from './loss-of-outputs.js';
import type { ProbeRow } from './run-probes.js';
import { traceEstimator } from './trace-estimator.js';
import { curvatureEstimator, fisherEstimator, type Trial, taylorEstimator } from './trial-estimators.js';

const executors = [localExecutor({ workers: 1, threads: 1 }), localExecutor({ workers: 2, threads: 1 })];
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bitloom-estimate-'));
});
afterAll(async () => {
  await Promise.all(executors.map((executor) => executor.close()));
  await rm(folder, { recursive: true });
});

const run: Subject['run'] = async (model, feeds) => {
  const session = await ortRuntime.open(model, { threads: 1 });
  try {
    return await session.run(feeds);
  } finally {
    await session.close();
  }
};

// A network of two layers with scores and real values, of which everything can be computed by hand.
const [FEATURES, HIDDEN, CLASSES, REALS] = [3, 4, 3, 2];
const WEIGHTS = { w1: [FEATURES, HIDDEN], w2: [HIDDEN, CLASSES], w3: [HIDDEN, REALS] } as const;
const VARIANCE = 1.7;
const KINDS: OutputKinds = { y: { kind: 'logits' }, r: { kind: 'regression', variance: VARIANCE } };
const EDGES = [
  { name: 'first reads x', node: 'first', value: 'x' },
  { name: 'scores reads h', node: 'scores', value: 'h' },
];
const WRT = ['w1', 'w2', 'w3', 'first reads x', 'scores reads h'];

type Numbers = Readonly<Record<string, readonly number[]>>;

function normal(count: number, seed: number): readonly number[] {
  const source = random(seed);
  return Array.from({ length: count }, () => source.normal());
}

const POINT: Numbers = Object.fromEntries(
  Object.entries(WEIGHTS).map(([name, [rows, columns]], i) => [name, normal(rows * columns, i + 1)]),
);

function twoLayers(batch: number | string = 'N', middle = 'Tanh'): Model {
  const head = {
    inputs: [value('x', 'float32', [batch, FEATURES])],
    outputs: [value('y', 'float32', [batch, CLASSES]), value('r', 'float32', [batch, REALS])],
  };
  return buildModel(head, (edit) => {
    for (const [name, dims] of Object.entries(WEIGHTS)) edit.constant(name, floats([...POINT[name]], dims));
    edit.add({ name: 'first', op: 'MatMul', inputs: ['x', 'w1'], outputs: ['a'] });
    edit.add({ name: 'middle', op: middle, inputs: ['a'], outputs: ['h'] });
    edit.add({ name: 'scores', op: 'MatMul', inputs: ['h', 'w2'], outputs: ['y'] });
    edit.add({ name: 'reals', op: 'MatMul', inputs: ['h', 'w3'], outputs: ['r'] });
  });
}

const INPUTS = Array.from({ length: 6 }, (_, i) => normal(FEATURES, 100 + i));

async function samplesOf(name: string, inputs: readonly (readonly number[])[], labels?: readonly number[]) {
  const samples = inputs.map(
    (x, i): Sample => ({
      id: `${name} ${i}`,
      inputs: { x: floats([...x], [1, x.length]) },
      ...(labels && { label: labels[i] }),
    }),
  );
  const dataset = {
    name,
    length: samples.length,
    labelled: labels !== undefined,
    read: async (i: number) => samples[i],
  };
  return prepare(dataset, [...samples.keys()], join(folder, name));
}

function subject(model: Model, kinds: OutputKinds = KINDS, wrt: readonly string[] = WRT): Subject {
  return { model, kinds, edges: EDGES.filter(({ name }) => wrt.includes(name)), wrt, run };
}

const estimated = (
  model: Subject,
  estimator: Estimator,
  set: PreparedSet,
  settings: Partial<EstimateSettings> = {},
): Promise<Estimates> => estimate(executors[0], model, estimator, set, { seed: 4, ...settings });

/** Scores and real values of one sample; moves are added to weights and to what is read on edges. */
function outputsAt(x: readonly number[], moves: Numbers): readonly number[] {
  const moved = (values: readonly number[], name: string) => values.map((each, i) => each + (moves[name]?.[i] ?? 0));
  const times = (row: readonly number[], name: keyof typeof WEIGHTS) => {
    const weight = moved(POINT[name], name);
    const columns = WEIGHTS[name][1];
    return Array.from({ length: columns }, (_, c) =>
      row.reduce((sum, each, r) => sum + each * weight[r * columns + c], 0),
    );
  };
  const h = times(moved(x, 'first reads x'), 'w1').map(Math.tanh);
  return [...times(moved(h, 'scores reads h'), 'w2'), ...times(h, 'w3')];
}

function softmax(z: readonly number[]): readonly number[] {
  const e = z.map(Math.exp);
  const total = e.reduce((sum, each) => sum + each, 0);
  return e.map((each) => each / total);
}

const sizeOf = (name: string) => POINT[name]?.length ?? (name === 'first reads x' ? FEATURES : HIDDEN);

/** Rows: how the outputs move with each number of a weight or edge, by central differences. */
function jacobian(x: readonly number[], name: string): readonly (readonly number[])[] {
  const step = 1e-5;
  return Array.from({ length: sizeOf(name) }, (_, k) => {
    const at = (by: number) =>
      outputsAt(x, { [name]: Array.from({ length: sizeOf(name) }, (_, i) => (i === k ? by : 0)) });
    const [above, below] = [at(step), at(-step)];
    return above.map((each, i) => (each - below[i]) / (2 * step));
  });
}

/** t' H t in the outputs: of the divergence of the scores, and of the squared error over the variance. */
function bend(x: readonly number[], t: readonly number[]): number {
  const p = softmax(outputsAt(x, {}).slice(0, CLASSES));
  const middle = p.reduce((sum, each, i) => sum + each * t[i], 0);
  const scores = p.reduce((sum, each, i) => sum + each * (t[i] - middle) ** 2, 0);
  const reals = t.slice(CLASSES).reduce((sum, each) => sum + each ** 2, 0);
  return scores + (2 / (REALS * VARIANCE)) * reals;
}

const meanOver = (of: (x: readonly number[], i: number) => number) =>
  INPUTS.map(of).reduce((sum, each) => sum + each, 0) / INPUTS.length;
const traceByHand = (name: string) => meanOver((x) => jacobian(x, name).reduce((sum, row) => sum + bend(x, row), 0));

describe('traces', () => {
  it('are exact once as many orthogonal probes were drawn as the outputs need', async () => {
    const set = await samplesOf('exact', INPUTS);
    const found = await estimated(subject(twoLayers()), traceEstimator(lossOf(KINDS), WRT), set);
    expect(found.reason).toBe('exact');
    expect(found.probes).toBe(8);
    for (const name of WRT) {
      const { mean, standardError } = found.means.get(traceOf(name)) ?? { mean: Number.NaN, standardError: 1 };
      expect(mean / traceByHand(name)).toBeCloseTo(1, 4);
      expect(standardError).toBe(0);
    }
  });

  const ESTIMATORS = ['outputs', 'weights'] as const;
  it.each(ESTIMATORS)('by %s agree with those by hand within their standard errors', async (by) => {
    const set = await samplesOf(`by ${by}`, INPUTS);
    const estimator: Estimator = {
      key: by,
      derive: (program) => TRACE_ESTIMATORS[by](program, WRT, lossOf(KINDS)),
      mostTogether: 2,
      exactAfter: () => Number.POSITIVE_INFINITY,
    };
    // So many whatever they show: a mean that is judged while it is taken ends, more often than not, where it is small.
    const precision = { tolerance: 1e-9, mostProbes: 600 };
    const found = await estimated(subject(twoLayers()), estimator, set, { precision });
    expect(found.reason).toBe('probes');
    for (const name of WRT) {
      const { mean, standardError } = found.means.get(traceOf(name)) ?? { mean: Number.NaN, standardError: 0 };
      expect(standardError).toBeGreaterThan(0);
      expect(standardError / mean).toBeLessThan(0.2);
      expect(Math.abs(mean - traceByHand(name))).toBeLessThan(4 * standardError);
    }
  });

  it('are 0 for what the judged outputs do not depend on', async () => {
    const kinds: OutputKinds = { y: { kind: 'logits' } };
    const found = await estimated(
      subject(twoLayers(), kinds),
      traceEstimator(lossOf(kinds), WRT),
      await samplesOf('one output', INPUTS),
    );
    expect(found.means.get(traceOf('w3'))?.mean).toBe(0);
    expect(found.means.get(traceOf('w2'))?.mean).toBeGreaterThan(0);
  });

  it('run one sample at a time where the model takes no more', async () => {
    const endless = { ...traceEstimator(lossOf(KINDS), WRT), exactAfter: () => Number.POSITIVE_INFINITY };
    const set = await samplesOf('fixed', INPUTS);
    const precision = { tolerance: 1e-9, mostProbes: 3 };
    const single = await estimated(subject(twoLayers()), { ...endless, mostTogether: 1 }, set, { precision });
    const fixed = await estimated(subject(twoLayers(1)), endless, set, { precision });
    for (const name of WRT) {
      const [a, b] = [single, fixed].map(({ means }) => means.get(traceOf(name))?.mean ?? Number.NaN);
      expect(b / a).toBeCloseTo(1, 5);
    }
  });
});

describe('what trials change', () => {
  const TRIALS: readonly Trial[] = [
    {
      name: 'weights',
      moves: [
        ['w1', 7],
        ['w2', 8],
      ].map(([of, seed]) => moveOf(String(of), Number(seed))),
    },
    { name: 'weight and edge', moves: [moveOf('w2', 9), moveOf('scores reads h', 10)] },
  ];
  const kinds: OutputKinds = { y: { kind: 'logits' } };
  const LABELS = [0, 1, 2, 0, 1, 2];

  function by(name: string, seed: number): readonly number[] {
    return normal(sizeOf(name), seed).map((each) => 0.1 * each);
  }
  /** The same for every sample. */
  function moveOf(of: string, seed: number): Trial['moves'][number] {
    return {
      of,
      by: (b, at) => {
        const dims = of in WEIGHTS ? at.shape : [1, ...at.shape.slice(1)];
        return add(b, zeros(b, at), b.constant(floats([...by(of, seed)], [...dims]), 'move'));
      },
    };
  }
  const SEEDS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
    weights: { w1: 7, w2: 8 },
    'weight and edge': { w2: 9, 'scores reads h': 10 },
  };

  /** How the scores move, to first order; for each of the parts that a trial moves. */
  const shifts = (x: readonly number[], trial: string) =>
    Object.entries(SEEDS[trial]).map(([name, seed]) => {
      const d = by(name, seed);
      return jacobian(x, name).map((row, k) => row.slice(0, CLASSES).map((each) => each * d[k]));
    });
  const shiftOf = (x: readonly number[], trial: string) =>
    shifts(x, trial)
      .flat()
      .reduce((sum, row) => sum.map((each, i) => each + row[i]), new Array<number>(CLASSES).fill(0));
  const slope = (x: readonly number[], label: number) =>
    softmax(outputsAt(x, {}).slice(0, CLASSES)).map((each, i) => each - (i === label ? 1 : 0));
  const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, each, i) => sum + each * b[i], 0);

  it('by curvature is half of d’ H d', async () => {
    const found = await estimated(
      subject(twoLayers(), kinds),
      curvatureEstimator(lossOf(kinds), TRIALS),
      await samplesOf('curvature', INPUTS),
    );
    expect(found.reason).toBe('exact');
    for (const { name } of TRIALS) {
      const byHand = meanOver((x) => 0.5 * bend(x, [...shiftOf(x, name), 0, 0]));
      expect((found.means.get(name)?.mean ?? 0) / byHand).toBeCloseTo(1, 3);
    }
  });

  it('to first order is the magnitude of g . d, by the labels of the data', async () => {
    const set = await samplesOf('taylor', INPUTS, LABELS);
    const found = await estimated(subject(twoLayers(), kinds), taylorEstimator(lossOf(kinds), TRIALS, 'data'), set);
    expect(found.probes).toBe(1);
    for (const { name } of TRIALS) {
      const byHand = meanOver((x, i) => Math.abs(dot(slope(x, LABELS[i]), shiftOf(x, name))));
      expect((found.means.get(name)?.mean ?? 0) / byHand).toBeCloseTo(1, 3);
    }
  });

  it('by Fisher’s diagonal has the expectation over labels drawn from the model', async () => {
    const precision = { tolerance: 0.05, mostProbes: 400 };
    const found = await estimated(
      subject(twoLayers(), kinds),
      fisherEstimator(lossOf(kinds), TRIALS),
      await samplesOf('fisher', INPUTS),
      { precision },
    );
    for (const { name } of TRIALS) {
      const byHand = meanOver((x) => {
        const p = softmax(outputsAt(x, {}).slice(0, CLASSES));
        const squares = (label: number) =>
          shifts(x, name)
            .flat()
            .reduce((sum, row) => sum + dot(slope(x, label), row) ** 2, 0);
        return p.reduce((sum, each, label) => sum + each * squares(label), 0);
      });
      const { mean, standardError } = found.means.get(name) ?? { mean: Number.NaN, standardError: 0 };
      expect(standardError).toBeGreaterThan(0);
      expect(Math.abs(mean - byHand)).toBeLessThan(4 * standardError);
    }
  });
});

describe('rows of probes', () => {
  const estimator = { ...traceEstimator(lossOf(KINDS), WRT), exactAfter: () => Number.POSITIVE_INFINITY };
  const precision = { tolerance: 1e-9, mostProbes: 3 };

  it('are the same by one worker and by two, and others by another seed', async () => {
    const set = await samplesOf('workers', INPUTS);
    const by = (executor: (typeof executors)[number], seed: number) =>
      estimate(executor, subject(twoLayers()), estimator, set, { seed, precision });
    const one = await by(executors[0], 4);
    expect((await by(executors[1], 4)).means).toEqual(one.means);
    expect((await by(executors[0], 5)).means).not.toEqual(one.means);
  });

  it('that are known are not run, and a larger budget goes on from them', async () => {
    const set = await samplesOf('recalled', INPUTS);
    const kept = new Map<string, ProbeRow>();
    let ran = 0;
    const memory: Partial<EstimateSettings> = {
      recall: async ({ samples, probe }) => kept.get(`${samples} ${probe}`),
      record: async (row) => {
        kept.set(`${row.samples} ${row.probe}`, row);
      },
      ran: (samples) => {
        ran += samples;
      },
    };
    const first = await estimated(subject(twoLayers()), estimator, set, { ...memory, precision });
    expect(ran).toBe(3 * INPUTS.length);
    expect((await estimated(subject(twoLayers()), estimator, set, { ...memory, precision })).means).toEqual(
      first.means,
    );
    expect(ran).toBe(3 * INPUTS.length);
    await estimated(subject(twoLayers()), estimator, set, { ...memory, precision: { ...precision, mostProbes: 5 } });
    expect(ran).toBe(5 * INPUTS.length);
  });

  it('end with the signal', async () => {
    const set = await samplesOf('aborted', INPUTS);
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(estimated(subject(twoLayers()), estimator, set, { signal })).rejects.toThrow('enough');
  });
});

describe('what has no derivative', () => {
  const traces = traceEstimator(lossOf(KINDS), WRT);

  it('is named with all others in one error, and another ranker recommended', async () => {
    const model = twoLayers('N', 'Asinh');
    const error = await estimated(subject(model), traces, await samplesOf('hard', INPUTS)).catch((thrown) => thrown);
    expect(error).toMatchObject({
      code: 'not-differentiable',
      problems: [expect.objectContaining({ hint: expect.stringContaining('--ranker kl') })],
    });
    expect(String(error.message)).toContain('middle');
  });

  it('is not finite: the sample and the node where that begins are named', async () => {
    const zeros = new Array<number>(FEATURES).fill(0);
    const set = await samplesOf('zero', [...INPUTS.map((x) => x.map(() => 0)), zeros]);
    const model = buildModel(
      { inputs: [value('x', 'float32', ['N', FEATURES])], outputs: [value('y', 'float32', ['N', CLASSES])] },
      (edit: GraphEdit) => {
        edit.constant('w1', floats([...POINT.w1], WEIGHTS.w1));
        edit.constant('w2', floats([...POINT.w2], WEIGHTS.w2));
        edit.add({ name: 'first', op: 'MatMul', inputs: ['x', 'w1'], outputs: ['a'] });
        edit.add({ name: 'root', op: 'Sqrt', inputs: ['a'], outputs: ['h'] });
        edit.add({ name: 'scores', op: 'MatMul', inputs: ['h', 'w2'], outputs: ['y'] });
      },
    );
    const kinds: OutputKinds = { y: { kind: 'logits' } };
    const wrt = ['w1', 'w2'];
    const error = await estimated(subject(model, kinds, wrt), traceEstimator(lossOf(kinds), wrt), set).catch(
      (thrown) => thrown,
    );
    expect(error).toMatchObject({
      code: 'non-finite-derivative',
      problems: [expect.objectContaining({ place: { sample: 'zero 0', node: 'root' } })],
    });
  });
});
