import type { Model } from '../graph/model.js';
import { assertValid, verifyModel } from '../graph/verify.js';
import { throwAll } from '../kernel/errors.js';
import { constantsToInitializers } from './constants-to-initializers.js';
import { dropDead } from './drop-dead.js';
import { dropIdentities } from './drop-identities.js';
import { dropNoOps } from './drop-no-ops.js';
import { foldBatchNorm } from './fold-batch-norm.js';
import { type FoldOptions, foldConstants } from './fold-constants.js';
import { foldPads } from './fold-pads.js';
import { foldScaleShift } from './fold-scale-shift.js';
import { foldShapes } from './fold-shapes.js';
import { matMulAddToGemm } from './matmul-add-to-gemm.js';
import { mergeChains } from './merge-chains.js';
import type { Pass } from './pass.js';
import { settleReshapes } from './settle-reshapes.js';
import { weightsNotInputs } from './weights-not-inputs.js';

export interface SimplifyOptions extends FoldOptions {
  /** The passes to run, in order; `simplifyPasses(options)` when left out. */
  readonly passes?: readonly Pass[];
}

/** What one pass did. */
export interface PassReport {
  readonly name: string;
  readonly changes: number;
  readonly notes: readonly string[];
}

export interface Simplified {
  readonly model: Model;
  readonly passes: readonly PassReport[];
}

/** First what hides constants, then what hides a weight's neighbours, then the folds, then what they left behind. */
export function simplifyPasses(options: FoldOptions): readonly Pass[] {
  return [
    weightsNotInputs,
    constantsToInitializers,
    dropIdentities,
    foldShapes,
    foldConstants(options),
    settleReshapes,
    mergeChains,
    dropNoOps,
    dropDead,
    foldPads,
    matMulAddToGemm,
    foldBatchNorm,
    foldScaleShift,
    dropDead,
  ];
}

/**
 * The model without what only training or exporting needed. Computes the same outputs up to float rounding; inputs and
 * outputs keep their names and order, nodes keep theirs. Verified after every pass.
 */
export async function simplify(model: Model, options: SimplifyOptions): Promise<Simplified> {
  throwAll(verifyModel(model));
  const reports: PassReport[] = [];
  let current = model;
  for (const pass of options.passes ?? simplifyPasses(options)) {
    const { model: next, changes, notes } = await pass.run(current);
    if (changes > 0) assertValid(next, { pass: pass.name, before: reports.map((report) => report.name) });
    reports.push({ name: pass.name, changes, notes });
    current = next;
  }
  return { model: current, passes: reports };
}
