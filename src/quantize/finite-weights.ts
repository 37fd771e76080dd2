import { constantReader } from '../graph/constants.js';
import type { Model } from '../graph/model.js';
import type { Problem } from '../kernel/errors.js';
import { toFloat32 } from '../kernel/tensor.js';
import { findUnits } from './units.js';

/** One problem for each weight or bias of a unit that holds a NaN or an infinity: no grid can. */
export function nonFiniteWeights(model: Model): readonly Problem[] {
  const read = constantReader(model);
  return findUnits(model).flatMap((unit) =>
    [unit.weight, unit.bias].flatMap((name) => {
      const constant = name === undefined ? undefined : read(name);
      const at = constant?.dtype === 'float32' ? firstNonFinite(toFloat32(constant)) : -1;
      return name === undefined || at < 0 ? [] : [problem(unit.name, unit.op, name, at)];
    }),
  );
}

/** A sum of absolute values is finite only if all are, and needs no test for each. */
function firstNonFinite(data: Float32Array): number {
  let total = 0;
  for (const value of data) total += Math.abs(value);
  return Number.isFinite(total) ? -1 : data.findIndex((value) => !Number.isFinite(value));
}

function problem(node: string, op: string, tensor: string, at: number): Problem {
  return {
    kind: 'model',
    code: 'non-finite-weight',
    message: `element ${at} is NaN or infinite`,
    place: { node, op, tensor },
    hint: 'Export the model again from a checkpoint without such weights.',
  };
}
