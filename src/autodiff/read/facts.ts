import { inferKnown } from '../../graph/infer.js';
import type { Model } from '../../graph/model.js';
import { type Feeds, type RunModel, typesOfValues } from '../../graph/observe.js';
import type { Known } from '../../graph/shape-rules/rule.js';
import { openValues, plainTypes } from '../../graph/types.js';
import { type Problem, throwAll } from '../../kernel/errors.js';
import { isStatic, sizeOf } from '../../kernel/shape.js';
import type { TermType } from '../program.js';

/** What is known of a value before the model runs. */
export interface Fact extends TermType {
  /** The elements of a small tensor that is the same in every run of these shapes, row major. */
  readonly contents?: readonly number[];
}

export type Facts = ReadonlyMap<string, Fact>;

/**
 * Types of all values of a model whose inputs have fixed shapes. What the shape rules leave open is seen in a run on
 * `feeds`; without `run`, or where a value is no tensor, it is missing here.
 */
export async function factsOf(model: Model, feeds: Feeds, run: RunModel | undefined): Promise<Facts> {
  const inferred = complete(inferKnown(model));
  const open = model.graph.nodes.some(({ outputs }) => outputs.some((name) => name && !inferred.has(name)));
  if (!open || !run) return inferred;
  const types = plainTypes(await typesOfValues(model, run, [feeds]));
  return complete(inferKnown({ ...model, graph: { ...model.graph, types } }));
}

function complete(found: ReadonlyMap<string, Known>): Facts {
  const facts = new Map<string, Fact>();
  for (const [name, { dtype, shape, contents }] of found) {
    if (!dtype || !shape || !isStatic(shape)) continue;
    const numbers = contents?.every((item) => typeof item === 'number') ? contents : undefined;
    const whole = numbers?.length === sizeOf(shape) ? { contents: numbers } : {};
    facts.set(name, { dtype, shape, ...whole });
  }
  return facts;
}

/** Throws one error that names every value of these whose type is not known, and why. */
export function assertKnown(model: Model, facts: Facts, names: Iterable<string>): void {
  const reasons = openValues(model, new Map());
  const open = [...new Set(names)].filter((name) => !facts.has(name));
  throwAll(
    open.map((name): Problem => {
      const node = model.graph.nodes.find(({ outputs }) => outputs.includes(name));
      const place = { tensor: name, ...(node && { node: node.name, op: node.op }) };
      const message = `its shape cannot be fixed: ${reasons.get(name) ?? 'the file does not state it'}`;
      return { kind: 'model', code: 'not-fixed', message, place, hint: 'export the model with fixed shapes' };
    }),
  );
}
