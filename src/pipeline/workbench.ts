import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { checkKernels, type UnitKernel } from '../emit/check-kernels.js';
import { createEmitter } from '../emit/emitter.js';
import type { Model } from '../graph/model.js';
import { saveModel } from '../graph/to-onnx.js';
import { throwAll } from '../kernel/errors.js';
import type { Target } from '../latency/target.js';
import { openWeightStore } from '../onnx/weight-store.js';
import type { QuantizeSettings } from '../options.js';
import type { Formats } from '../quantize/followers.js';
import { FORMATS } from '../quantize/formats.js';
import { planFor } from '../quantize/make-plan.js';
import { type Network, network } from '../quantize/network.js';
import type { Plan, WeightOptions } from '../quantize/plan.js';
import type { Executor } from '../runtime/job.js';
import { OPTIMIZE_JOB } from '../runtime/optimized.js';
import type { Calibrated } from './calibrate-model.js';
import type { OpenedModel } from './open-model.js';

/** A plan as a model file that was checked to run as planned. */
export interface Built {
  readonly plan: Plan;
  readonly model: Model;
  readonly path: string;
  readonly kernels: readonly UnitKernel[];
}

/** Makes models of one network; they share one weights file, so that a candidate costs a skeleton. */
export interface Workbench {
  readonly net: Network;
  plan(formats: Formats): Plan;
  build(plan: Plan): Promise<Built>;
  /** Saves any variant of the float model beside the candidates. */
  save(model: Model): Promise<string>;
  discard(path: string): Promise<void>;
  close(): Promise<void>;
}

export interface WorkbenchOptions {
  readonly settings: QuantizeSettings;
  readonly source: OpenedModel;
  readonly target: Target;
  readonly calibrated: Calibrated;
  readonly executor: Executor;
  /** Where candidates are written. */
  readonly folder: string;
}

export async function openWorkbench(options: WorkbenchOptions): Promise<Workbench> {
  const { source, calibrated, executor, folder } = options;
  const net = network(source.model, options.target);
  const emitter = createEmitter(source.model);
  const weights = weightOptions(options.settings);
  const store = await openWeightStore(join(folder, 'weights.bin'));
  const optimize = (candidate: string, path: string) =>
    executor.run(OPTIMIZE_JOB, { model: candidate, path, threads: 1 });
  let saved = 0;
  const save = async (variant: Model) => {
    const path = join(folder, `${String(++saved).padStart(5, '0')}.onnx`);
    await saveModel(variant, path, { weights: store });
    return path;
  };
  return {
    net,
    plan: (formats) =>
      planFor(net, { modelHash: source.hash, units: formats, activations: calibrated.activations, weights }),
    async build(plan) {
      const emitted = emitter.emit(plan);
      const path = await save(emitted);
      const check = await checkKernels({ plan, units: net.units, emitted, path, optimize });
      throwAll(check.problems);
      return { plan, model: emitted, path, kernels: check.units };
    },
    save,
    discard: (path) => rm(path, { force: true }),
    close: () => store.close(),
  };
}

/** How weights are rounded: within their whole range at 8 bits; coarser grids are clipped where that loses less. */
export function weightOptions({ reduceRange, blockSize }: QuantizeSettings): WeightOptions {
  return { method: 'min-max', reduceRange, blockSize };
}

/** Samples at once for a plan: ranges taken at run time depend on the batch, so there it is 1. */
export function batchOf(formats: Formats): { readonly batch?: number } {
  const dynamic = Object.values(formats).some((format) => FORMATS[format].activation === 'dynamic');
  return dynamic ? { batch: 1 } : {};
}
