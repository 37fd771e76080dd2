import { join } from 'node:path';
import { createEmitter } from '../emit/emitter.js';
import { weightStore } from '../emit/weight-store.js';
import { constantReader } from '../graph/constants.js';
import type { Model } from '../graph/model.js';
import { saveModel } from '../graph/to-onnx.js';
import type { TypeTable } from '../graph/types.js';
import { openWeightStore } from '../onnx/weight-store.js';
import { FORMATS, type Format } from '../quantize/formats.js';
import { type Activations, planFor } from '../quantize/make-plan.js';
import { network } from '../quantize/network.js';
import type { EmissionOptions, Plan, WeightOptions } from '../quantize/plan.js';
import type { TargetRules } from '../quantize/rules.js';
import type { Flow } from './flow.js';
import { type PartRequest, partOf } from './part.js';
import type { Piece } from './program.js';

/** How perturbations are made: as in the models that a search emits. */
export interface Perturbing {
  /** Simplified float model. */
  readonly model: Model;
  /** SHA-256 of the file it came from. */
  readonly modelHash: string;
  readonly target: TargetRules;
  /** Parameters of at least the values that `valuesToObserve` names. */
  readonly activations: Activations;
  readonly weights: WeightOptions;
  readonly emission?: EmissionOptions;
}

/** Unit name -> format, of the units that are not in float. */
export type Changes = ReadonlyMap<string, Format>;

/** Writes parts of one model, which share one file of weights. */
export interface PieceWriter {
  /** `changes` of units that the part does not have are left out. */
  write(request: PartRequest, changes?: Changes): Promise<Piece>;
  close(): Promise<void>;
}

/**
 * The plan with nothing but these units changed: operators without a weight stay in float, whatever the target would
 * carry through them, so that a plan of two perturbations is no more than both.
 */
export function perturbingPlan({ model, target, ...request }: Perturbing, changes: Changes): Plan {
  const net = network(model, target);
  const units = Object.fromEntries(net.units.map(({ name }) => [name, changes.get(name) ?? ('float' as const)]));
  const plan = planFor(net, { ...request, units });
  return { ...plan, followers: Object.fromEntries(Object.keys(plan.followers).map((name) => [name, 'float'])) };
}

export async function openPieces(
  perturbing: Perturbing,
  flow: Flow,
  types: TypeTable,
  folder: string,
): Promise<PieceWriter> {
  const stored = await openWeightStore(join(folder, 'weights.bin'));
  const quantized = weightStore(constantReader(perturbing.model));
  let written = 0;
  return {
    async write(request, changes = new Map()) {
      const { model, nodes, inputs, outputs } = partOf(perturbing.model, flow, types, request);
      const own = new Map([...changes].filter(([unit]) => nodes.some(({ name }) => name === unit)));
      const plan = own.size === 0 ? undefined : perturbingPlan({ ...perturbing, model }, own);
      const file = join(folder, `${++written}.onnx`);
      const emitted = plan ? createEmitter(model, quantized).emit(plan) : model;
      await saveModel(emitted, file, { weights: stored });
      const perSample = [...own.values()].some((format) => FORMATS[format].activation === 'dynamic');
      return { file, inputs, outputs, perSample };
    },
    close: () => stored.close(),
  };
}
