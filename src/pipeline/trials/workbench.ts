import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { checkKernels, type UnitKernel } from '../../emit/check-kernels.js';
import { createEmitter } from '../../emit/emitter.js';
import type { Model } from '../../graph/model.js';
import { fingerprint, saveModel } from '../../graph/to-onnx.js';
import { throwAll } from '../../kernel/errors.js';
import { once } from '../../kernel/once.js';
import type { Target } from '../../latency/target.js';
import { openWeightStore } from '../../onnx/weight-store.js';
import type { QuantizeSettings } from '../../options.js';
import type { Formats } from '../../quantize/followers.js';
import { FORMATS } from '../../quantize/formats.js';
import { planFor } from '../../quantize/make-plan.js';
import { type Network, network } from '../../quantize/network.js';
import type { Plan, WeightOptions } from '../../quantize/plan.js';
import type { Executor } from '../../runtime/job.js';
import { OPTIMIZE_JOB } from '../../runtime/optimized.js';
import { resultKind } from '../../store/result-kind.js';
import type { Results } from '../../store/results.js';
import type { Calibrated } from '../baseline/calibrate-model.js';
import type { Runnable } from '../baseline/evaluations.js';
import type { OpenedModel } from '../open/open-model.js';

const KERNELS = resultKind<readonly UnitKernel[]>('kernels');

/** A plan as a model that was checked to run as planned. */
export interface Built extends Runnable {
  readonly plan: Plan;
  readonly model: Model;
  readonly kernels: readonly UnitKernel[];
}

/** A variant of the float model, whose file can be removed when it has run. */
export interface Variant extends Runnable {
  discard(): Promise<void>;
}

/** Makes models of one network; they share one weights file, so that a candidate costs a skeleton. */
export interface Workbench {
  readonly net: Network;
  /** How weights are rounded in its plans. */
  readonly weights: WeightOptions;
  plan(formats: Formats): Plan;
  /** Emits a plan and checks nothing: for measurements that look at what ran themselves, or need not know. */
  emit(plan: Plan): Promise<Variant & { readonly model: Model }>;
  /** Emits a plan. Its kernels are checked once; then its file is written only when it must run. */
  build(plan: Plan): Promise<Built & Variant>;
  /** Any variant of the float model, beside the candidates. */
  variant(model: Model): Promise<Variant>;
  close(): Promise<void>;
}

export interface WorkbenchOptions {
  readonly settings: Pick<QuantizeSettings, 'reduceRange' | 'blockSize'>;
  readonly source: Pick<OpenedModel, 'model' | 'hash'>;
  readonly target: Target;
  readonly calibrated: Pick<Calibrated, 'activations'>;
  readonly executor: Executor;
  readonly results: Results;
  /** Where candidates are written. */
  readonly folder: string;
}

export async function openWorkbench(options: WorkbenchOptions): Promise<Workbench> {
  const { source, calibrated, executor, results, folder } = options;
  const net = network(source.model, options.target);
  const emitter = createEmitter(source.model);
  const weights = weightOptions(options.settings);
  const store = await openWeightStore(join(folder, 'weights.bin'));
  const optimize = (candidate: string, path: string) =>
    executor.run(OPTIMIZE_JOB, { model: candidate, path, threads: 1 });
  let saved = 0;
  const variant = async (model: Model): Promise<Variant> => {
    const path = join(folder, `${String(++saved).padStart(5, '0')}.onnx`);
    const file = once(async () => {
      await saveModel(model, path, { weights: store });
      return path;
    });
    return { hash: await fingerprint(model), file, discard: () => rm(path, { force: true }) };
  };
  const emit = async (plan: Plan) => {
    const model = emitter.emit(plan);
    return { ...(await variant(model)), model };
  };
  return {
    net,
    weights,
    emit,
    plan: (formats) =>
      planFor(net, { modelHash: source.hash, units: formats, activations: calibrated.activations, weights }),
    async build(plan) {
      const made = await emit(plan);
      const kernels = await results.once(KERNELS, { model: made.hash, units: plan.units }, async () => {
        const check = await checkKernels({
          plan,
          units: net.units,
          emitted: made.model,
          path: await made.file(),
          optimize,
        });
        throwAll(check.problems);
        return check.units;
      });
      return { ...made, plan, kernels };
    },
    variant,
    close: () => store.close(),
  };
}

/** How weights are rounded: within their whole range at 8 bits; coarser grids are clipped where that loses less. */
export function weightOptions({ reduceRange, blockSize }: WorkbenchOptions['settings']): WeightOptions {
  return { method: 'min-max', reduceRange, blockSize };
}

/** Samples at once for a plan: ranges taken at run time depend on the batch, so there it is 1. */
export function batchOf(formats: Formats): { readonly batch?: number } {
  const dynamic = Object.values(formats).some((format) => FORMATS[format].activation === 'dynamic');
  return dynamic ? { batch: 1 } : {};
}
