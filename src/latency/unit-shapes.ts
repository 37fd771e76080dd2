import { intAttribute, intsAttribute } from '../graph/attributes.js';
import type { Model, Node, Value } from '../graph/model.js';
import { inferTypes, shapeIn, type TypeTable } from '../graph/types.js';
import { type Dim, isStatic, type Shape } from '../kernel/shape.js';
import { isUnitOp, type UnitOp } from '../quantize/unit.js';
import { findUnits } from '../quantize/units.js';
import type { UnitShape } from './unit-shape.js';

/** Sizes for the dimensions that a model leaves open. */
export interface OpenSizes {
  /** First dimension of an input; 1 when left out. */
  readonly batch?: number;
  /** Second dimension, where it is open: tokens of a sequence; 128 when left out. */
  readonly sequence?: number;
  /** Any further dimension: height and width of an image; 224 when left out. */
  readonly image?: number;
}

export interface UnitShapes {
  /** By unit, in graph order. */
  readonly shapes: ReadonlyMap<string, UnitShape>;
  /** Units of which some size depends on data. */
  readonly open: readonly string[];
}

/** What every unit of a model works on in one run. */
export function unitShapes(model: Model, sizes: OpenSizes = {}): UnitShapes {
  const products = productShapes(withSizes(model, sizes));
  const units = findUnits(model);
  const firstInputs = new Map(model.graph.nodes.map(({ name, inputs }) => [name, inputs[0]]));
  const shapes = new Map<string, UnitShape>();
  for (const { name, weight } of units) {
    const shape = products.get(name);
    if (shape) shapes.set(name, { ...shape, weight: weightPosition(weight, firstInputs.get(name)) });
  }
  return { shapes, open: units.map(({ name }) => name).filter((name) => !shapes.has(name)) };
}

/** The model for one run on inputs of known sizes. */
export function withSizes(model: Model, { batch = 1, sequence = 128, image = 224 }: OpenSizes = {}): Model {
  const sized = (dim: Dim, axis: number) =>
    typeof dim === 'number' && dim > 0 ? dim : ([batch, sequence][axis] ?? image);
  const inputs = model.graph.inputs.map(
    (input): Value =>
      input.type?.kind === 'tensor' && input.type.shape
        ? { ...input, type: { ...input.type, shape: input.type.shape.map(sized) } }
        : input,
  );
  return { ...model, graph: { ...model.graph, inputs, types: new Map() } };
}

/** Every convolution and matrix product of the main graph, units or not, by node; undefined where a size stays open. */
export function productShapes(model: Model): ReadonlyMap<string, UnitShape | undefined> {
  const types = inferTypes(model);
  return new Map(
    model.graph.nodes.flatMap((node) =>
      node.domain === '' && isUnitOp(node.op) ? [[node.name, shapeOf(node, node.op, types)] as const] : [],
    ),
  );
}

function shapeOf(node: Node, op: UnitOp, types: TypeTable): UnitShape | undefined {
  const [first, second, output] = [node.inputs[0], node.inputs[1], node.outputs[0]].map((name) =>
    known(shapeIn(types, name)),
  );
  if (!first || !second || !output) return undefined;
  return {
    op,
    first,
    second,
    output,
    weight: 'second',
    group: intAttribute(node, 'group', 1),
    strides: unlessOnes(intsAttribute(node, 'strides')),
    dilations: unlessOnes(intsAttribute(node, 'dilations')),
  };
}

function known(shape: Shape | undefined): readonly number[] | undefined {
  return shape && isStatic(shape) ? shape : undefined;
}

function unlessOnes(sizes: readonly number[] = []): readonly number[] {
  return sizes.every((size) => size === 1) ? [] : sizes;
}

function weightPosition(weight: string | undefined, firstInput: string | undefined): UnitShape['weight'] {
  if (weight === undefined) return 'none';
  return firstInput === weight ? 'first' : 'second';
}
