import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import type { Sample } from '../data/dataset.js';
import { spool } from '../data/prepared.js';
import { buildModel, value } from '../graph/build.js';
import { saveModel } from '../graph/to-onnx.js';
import { random } from '../kernel/random.js';
import { floats } from '../kernel/tensor.js';
import type { Executor, Job, JobHandler } from '../runtime/job.js';
import { evaluateModel, makeReference, scoreReference } from './evaluate.js';
import type { BlockRows } from './evaluate-job.js';
import type { Outcomes } from './outcomes.js';
import type { Reference } from './reference.js';
import type { BlockMemory } from './run-blocks.js';

const folder = mkdtempSync(join(tmpdir(), 'bitloom-blocks-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs jobs in this process; with `repeats`, each event comes again as it does when a lost process is replaced. */
function inline(workers: number, repeats = false): Executor {
  return {
    workers,
    threads: 1,
    async run<Input, Output, Event>(
      job: Job<Input, Output, Event>,
      input: Input,
      options: Parameters<Executor['run']>[2] = {},
    ) {
      const loaded: { readonly default: JobHandler<Input, Output, Event> } = await import(job.module);
      const { signal = new AbortController().signal, onEvent } = options;
      const emit = (event: Event) => {
        for (let times = repeats ? 2 : 1; times > 0; times--) onEvent?.(structuredClone(event) as never);
      };
      return loaded.default(structuredClone(input), { emit, signal });
    },
    peakBytes: () => 0,
    close: async () => {},
  };
}

const FEATURES = 5;
const CLASSES = 7;
const SAMPLES = 150;

async function classifier(name: string, seed: number): Promise<string> {
  const source = random(seed);
  const head = {
    inputs: [value('x', 'float32', ['N', FEATURES])],
    outputs: [value('y', 'float32', ['N', CLASSES])],
  };
  const weights = Array.from({ length: FEATURES * CLASSES }, source.normal);
  const path = join(folder, `${name}.onnx`);
  await saveModel(
    buildModel(head, (edit) => {
      edit.add({
        op: 'MatMul',
        inputs: ['x', edit.constant('w', floats(weights, [FEATURES, CLASSES]))],
        outputs: ['y'],
      });
    }),
    path,
  );
  return path;
}

async function* samples(): AsyncGenerator<Sample> {
  const source = random(3);
  for (let i = 0; i < SAMPLES; i++) {
    const x = floats(Array.from({ length: FEATURES }, source.normal), [1, FEATURES]);
    yield { id: `s${i}`, inputs: { x }, label: i % CLASSES };
  }
}

const float = await classifier('float', 1);
const other = await classifier('other', 2);
const set = await spool('features', samples(), join(folder, 'set'));
const reference = await makeReference(inline(1), float, set, folder);
const ask = { name: 'top1' };

/** Everything but how long it took and how much was known. */
function answer({ seconds: _, recalled: __, ...outcomes }: Outcomes) {
  return outcomes;
}

async function allBlocks(): Promise<ReadonlyMap<number, BlockRows>> {
  const blocks = new Map<number, BlockRows>();
  const record = async (rows: BlockRows) => void blocks.set(rows.from, rows);
  await evaluateModel(inline(1), reference, ask, other, { record });
  return blocks;
}

const everything = await allBlocks();
const starts = [...everything.keys()].sort((a, b) => a - b);

/** Knows the blocks that start at `known`; says which were recorded. */
function memory(known: readonly number[]): BlockMemory & { readonly recorded: number[] } {
  const recorded: number[] = [];
  return {
    recorded,
    recall: async ({ from }) => (known.includes(from) ? everything.get(from) : undefined),
    record: async ({ from }) => void recorded.push(from),
  };
}

describe('an evaluation of which parts are known', () => {
  it('has blocks of a power of two, whatever the number of workers', () => {
    expect(starts).toEqual([0, 32, 64, 96, 128]);
    expect([...everything.values()].map(({ from, to }) => to - from)).toEqual(expect.arrayContaining([32, 22]));
  });

  it('answers the same whichever blocks are known, wherever it stops, and for any number of workers', async () => {
    const cases = fc.record({
      known: fc.subarray(starts),
      enough: fc.integer({ min: 1, max: SAMPLES + 10 }),
      workers: fc.integer({ min: 1, max: 4 }),
      repeats: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ known, enough, workers, repeats }) => {
        const decided = (rows: readonly unknown[]) => rows.length >= enough;
        const wanted = await evaluateModel(inline(1), reference, ask, other, { decided });
        const { recorded, ...blocks } = memory(known);
        const got = await evaluateModel(inline(workers, repeats), reference, ask, other, { decided, ...blocks });
        expect(answer(got)).toEqual(answer(wanted));
        expect(recorded.filter((from) => known.includes(from))).toEqual([]);
        expect(new Set(recorded).size).toBe(recorded.length);
        const front = known.filter((from) => from < got.rows.length);
        expect(got.recalled).toBe(front.reduce((sum, from) => sum + (everything.get(from)?.divergence.length ?? 0), 0));
      }),
      { numRuns: 40 },
    );
  });

  it('is not run, nor is its model made, where what is known settles it', async () => {
    const never = () => Promise.reject(new Error('asked for the model'));
    const idle: Executor = { ...inline(2), run: () => Promise.reject(new Error('ran')) };
    const whole = await evaluateModel(idle, reference, ask, never, memory(starts));
    expect([whole.rows.length, whole.recalled]).toEqual([SAMPLES, SAMPLES]);
    const decided = (rows: readonly unknown[]) => rows.length >= 40;
    const stopped = await evaluateModel(idle, reference, ask, never, { decided, ...memory([0, 32]) });
    expect([stopped.rows.length, stopped.stoppedEarly]).toEqual([64, true]);
  });

  it('runs a block again whose rows lack the metric asked for, and keeps the others', async () => {
    const kept = new Map(everything);
    const lacking = everything.get(32);
    if (!lacking) throw new Error('there is no such block');
    kept.set(32, { ...lacking, rows: { top3: lacking.rows.top1 } });
    const ran: BlockRows[] = [];
    const result = await evaluateModel(inline(2), reference, ask, other, {
      recall: async ({ from }) => kept.get(from),
      record: async (rows) => void ran.push(rows),
    });
    expect(result.rows).toHaveLength(SAMPLES);
    expect(ran.map(({ from }) => from)).toEqual([32]);
    expect(ran[0].rows).toEqual({ ...lacking.rows, top3: lacking.rows.top1 });
  });

  it.each([
    ['another place', { to: 31 }],
    ['another length', { divergence: [1] }],
  ])('runs a block again of %s', async (_, wrong: Partial<BlockRows>) => {
    const { recall } = memory(starts);
    const recorded: number[] = [];
    const settings: BlockMemory = {
      recall: async (block) => {
        const rows = await recall?.(block);
        return rows && block.from === 0 ? { ...rows, ...wrong } : rows;
      },
      record: async ({ from }) => void recorded.push(from),
    };
    await evaluateModel(inline(1), reference, ask, other, settings);
    expect(recorded).toEqual([0]);
  });

  it('answers another metric from the rows of the first, and scores the float model the same way', async () => {
    const idle: Executor = { ...inline(2), run: () => Promise.reject(new Error('ran')) };
    for (const name of Object.keys(everything.get(0)?.rows ?? {})) {
      const asked = await evaluateModel(inline(1), reference, { name }, other);
      expect(answer(await evaluateModel(idle, reference, { name }, other, memory(starts)))).toEqual(answer(asked));
    }
    const recorded = new Map<number, BlockRows>();
    const own = await scoreReference(inline(2), reference, ask, {
      record: async (rows) => void recorded.set(rows.from, rows),
    });
    const again = await scoreReference(idle, reference, ask, { recall: async ({ from }) => recorded.get(from) });
    expect(answer(again)).toEqual(answer(own));
  });

  it('fails where a block cannot be kept, after all others were', async () => {
    let open = 0;
    const record = async ({ from }: BlockRows) => {
      open++;
      await new Promise((resolve) => setTimeout(resolve, from === 0 ? 1 : 5));
      open--;
      if (from === 0) throw new Error('the disk is full');
    };
    await expect(evaluateModel(inline(2), reference, ask, other, { record })).rejects.toThrow('the disk is full');
    expect(open).toBe(0);
  });

  it('cuts every range at the same samples', async () => {
    const { recorded, ...blocks } = memory(starts);
    const part = await evaluateModel(inline(1), reference, ask, other, { range: { from: 20, to: 96 }, ...blocks });
    expect(recorded).toEqual([20]);
    const whole = await evaluateModel(inline(1), reference, ask, other);
    expect(part.rows).toEqual(whole.rows.slice(20, 96));
  });
});

describe('the rows of other metrics', () => {
  it('are those that the metric itself would give', async () => {
    const result = await evaluateModel(inline(2), reference, ask, other);
    expect(Object.keys(result.others)).toEqual(
      ['agreement', 'cosine', 'f1', 'f1-macro', 'kl', 'mse', 'sqnr', 'token-agreement', 'top5'].sort(),
    );
    for (const [name, rows] of Object.entries(result.others)) {
      expect((await evaluateModel(inline(1), reference, { name }, other)).rows).toEqual(rows);
    }
  });

  it('are left out where labels or outputs do not bear them', async () => {
    const real = await makeReference(inline(1), float, set, folder, { roles: { y: 'regression' } });
    const result = await evaluateModel(inline(1), real, { name: 'mse' }, other);
    expect(Object.keys(result.others)).toEqual(['cosine', 'spearman', 'sqnr']);
  });
});

describe('a reference', () => {
  const described = ({ parts: _, ...rest }: Reference) => rest;

  it('says the same of its outputs for any number of workers', async () => {
    for (const workers of [2, 3, 7]) {
      const own = mkdtempSync(join(folder, 'workers-'));
      for (const roles of [undefined, { y: 'regression' } as const]) {
        const settings = roles ? { roles } : {};
        const one = await makeReference(inline(1), float, set, folder, settings);
        const many = await makeReference(inline(workers), float, set, own, settings);
        expect(described(many)).toEqual(described(one));
        expect(many.parts.length).toBeGreaterThan(1);
        const [wanted, got] = await Promise.all(
          [one, many].map((made) => evaluateModel(inline(1), made, { name: 'kl' }, other)),
        );
        expect(answer(got)).toEqual(answer(wanted));
      }
    }
  });
});
