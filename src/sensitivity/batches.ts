import type { PreparedSet, Sample } from '../data/dataset.js';
import { readPrepared, readSample } from '../data/prepared.js';
import { signature } from '../evaluate/batches.js';
import { once } from '../kernel/once.js';
import type { WeightStore } from '../onnx/weight-store.js';
import { type DerivedProgram, deriveFor, fittingBatch, type Subject, writeProgram } from './derived-programs.js';
import type { Batch, Estimator, ProgramFile } from './estimator.js';

/** The samples of a set by shape, each shape with a program for as many at once as are asked for and fit. */
export interface Batches {
  readonly all: readonly Batch[];
  /** Probes of each that leave nothing to chance. */
  readonly exactAfter: number;
  /** The programs' files, by shape; made when first asked for. */
  files(): Promise<readonly ProgramFile[]>;
  derived(program: number): Promise<DerivedProgram>;
}

export interface BatchesOptions {
  readonly subject: Subject;
  readonly estimator: Estimator;
  readonly set: PreparedSet;
  /** Bytes that the values of one program may take. */
  readonly bytes: number;
  readonly mostProbes: number;
  readonly folder: string;
  readonly weights: WeightStore;
}

/** Samples run one at a time where probes that leave nothing to chance are few enough: those of a batch would be too many. */
export async function makeBatches(options: BatchesOptions): Promise<Batches> {
  const { subject, estimator, set, folder, weights } = options;
  const shapes = await positionsByShape(set);
  const first = await Promise.all(shapes.map(([position]) => readSample(set, position)));
  const one = await deriveFor(subject, estimator, first[0], 1);
  const exactAfter = estimator.exactAfter(one.layouts);
  const exact = exactAfter <= options.mostProbes;
  const most = exact ? 1 : Math.min(estimator.mostTogether, fittingBatch(one, options.bytes));
  const programs = shapes.map((positions, i) =>
    once(() => deriveFor(subject, estimator, first[i], Math.min(most, positions.length))),
  );
  const sizes =
    most === 1 ? shapes.map(() => 1) : await Promise.all(programs.map(async (make) => (await make()).batch));
  return {
    all: shapes.flatMap((positions, program) => inBatches(positions, sizes[program], program)),
    exactAfter: sizes.every((size) => size === 1) ? exactAfter : Number.POSITIVE_INFINITY,
    derived: (program) => programs[program](),
    files: once(async () => {
      const files: ProgramFile[] = [];
      for (const make of programs)
        files.push(await writeProgram(await make(), folder, `derived-${files.length}`, weights));
      return files;
    }),
  };
}

/** Positions of samples of each shape, the largest shape first: if one does not fit, that shows at once. */
async function positionsByShape(set: PreparedSet): Promise<readonly (readonly number[])[]> {
  const found = new Map<string, { readonly bytes: number; readonly positions: number[] }>();
  let position = 0;
  for await (const sample of readPrepared(set)) {
    const key = signature(sample) ?? `alone ${position}`;
    const group = found.get(key) ?? { bytes: bytesOf(sample), positions: [] };
    group.positions.push(position++);
    found.set(key, group);
  }
  return [...found.values()].sort((a, b) => b.bytes - a.bytes).map(({ positions }) => positions);
}

function bytesOf({ inputs }: Sample): number {
  return Object.values(inputs).reduce((total, { bytes }) => total + bytes.length, 0);
}

function inBatches(positions: readonly number[], size: number, program: number): readonly Batch[] {
  return Array.from({ length: Math.ceil(positions.length / size) }, (_, i) => ({
    program,
    samples: positions.slice(i * size, (i + 1) * size),
  }));
}
