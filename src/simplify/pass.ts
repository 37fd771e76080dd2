import type { Model } from '../graph/model.js';

/** One rewrite of the model. Its file's comment says what it replaces by what, what it requires, and when it does not fire. */
export interface Pass {
  readonly name: string;
  run(model: Model): PassResult | Promise<PassResult>;
}

export interface PassResult {
  readonly model: Model;
  /** Rewrites made; 0 leaves the model as it was. */
  readonly changes: number;
  /** Why a pattern that looked right was left alone; shown by `--trace`. */
  readonly notes: readonly string[];
}

/** A pass that found nothing to do. */
export function unchanged(model: Model, notes: readonly string[] = []): PassResult {
  return { model, changes: 0, notes };
}
