import type { GraphEdit } from '../graph/edit.js';
import { BitloomError } from '../kernel/errors.js';
import type { Wiring } from '../quantize/followers.js';
import type { Bits } from '../quantize/formats.js';
import type { Network } from '../quantize/network.js';
import type { AffineParameters, Plan } from '../quantize/plan.js';
import type { WeightStore } from './weight-store.js';

/** One model in the making: the float graph, what is to become of it, and the edit that collects the changes. */
export interface Draft {
  readonly net: Network;
  readonly plan: Plan;
  readonly wiring: Wiring;
  readonly edit: GraphEdit;
  readonly weights: WeightStore;
  /** Names of what was added already, by what it is, so that readers share it. */
  readonly made: Map<string, string>;
}

/** Runs `make` for the first reader of `key`, and hands later ones the name that it made. */
export function once(draft: Draft, key: string, make: () => string): string {
  const known = draft.made.get(key);
  if (known !== undefined) return known;
  const name = make();
  draft.made.set(key, name);
  return name;
}

export function packs4Bit(plan: Plan): boolean {
  return plan.emission?.container === 'packed';
}

/** The plan's parameters of a value. */
export function parameters(plan: Plan, value: string, bits: Bits): AffineParameters {
  const found = plan.activations[value]?.[bits];
  if (found) return found;
  throw new BitloomError({
    kind: 'option',
    code: 'plan-without-activation',
    message: `the plan has no ${bits}-bit scale for this value`,
    place: { tensor: value },
    hint: 'The plan was made for another model, or edited: make it again.',
  });
}
