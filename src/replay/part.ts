import type { Model, Value } from '../graph/model.js';
import { capturedValues } from '../graph/subgraphs.js';
import type { TypeTable } from '../graph/types.js';
import { BitloomError } from '../kernel/errors.js';
import { between, type Cone, type Flow, madeBy } from './flow.js';

export interface PartRequest {
  /** Values at which the model may be cut. */
  readonly given: ReadonlySet<string>;
  readonly outputs: readonly string[];
}

/** A piece of a model, and what of the model it is. */
export interface Part extends Cone {
  readonly model: Model;
  readonly outputs: readonly string[];
}

/**
 * The part of a model that makes `outputs` of the `given` values it needs, under the same names. Constants are shared
 * with the model, not copied.
 */
export function partOf(model: Model, flow: Flow, types: TypeTable, { given, outputs }: PartRequest): Part {
  const cone = between(flow, given, outputs);
  const read = new Set(cone.nodes.flatMap((node) => [...node.inputs, ...capturedValues(node)]));
  const made = madeBy(cone.nodes);
  const { graph } = model;
  const part: Model = {
    ...model,
    graph: {
      ...graph,
      nodes: cone.nodes,
      inputs: cone.inputs.map((name) => valueAt(name, types)),
      outputs: outputs.map((name) => valueAt(name, types)),
      initializers: new Map([...graph.initializers].filter(([name]) => read.has(name))),
      sparseInitializers: new Map([...graph.sparseInitializers].filter(([name]) => read.has(name))),
      types: new Map([...graph.types].filter(([name]) => made.has(name))),
    },
  };
  return { ...cone, model: part, outputs };
}

function valueAt(name: string, types: TypeTable): Value {
  const type = types.get(name)?.type;
  if (type?.kind === 'tensor') return { name, type };
  throw new BitloomError({
    kind: 'model',
    code: 'cut-without-type',
    message: 'the model cannot be cut here: the type of this value is not known',
    place: { tensor: name },
    hint: 'give types that a run of the model has shown (typesOfValues)',
  });
}
