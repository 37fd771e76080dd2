import { findModelFolder } from './data/model-folder.js';
import { requiredInputs } from './graph/constants.js';
import { loadModel } from './graph/from-onnx.js';
import type { Graph, Model, Node, Value } from './graph/model.js';
import { precisionOf } from './graph/precision.js';
import { printType } from './graph/print.js';
import { subgraphs } from './graph/subgraphs.js';
import { byteLength } from './kernel/dtype.js';
import { printShape, type Shape, sizeOf } from './kernel/shape.js';
import { elementCount, type Tensor } from './kernel/tensor.js';
import { macsOf } from './latency/unit-shape.js';
import { productShapes, withSizes } from './latency/unit-shapes.js';
import { findUnits, refusedNodes } from './quantize/units.js';
import type { Inspection, TensorLine } from './report/inspection.js';

/** Reads a model, or the model of a Hugging Face folder, and tells what stands in it. Nothing is run. */
export async function inspect(path: string): Promise<Inspection> {
  const files = await findModelFolder(path);
  return inspectModel(await loadModel(files.model), files.model);
}

/** What stands in `model`; `path` names it to the reader. */
export function inspectModel(model: Model, path: string): Inspection {
  const nodes = allNodes(model.graph);
  const sized = withSizes(model);
  const macs = countMacs(sized);
  const counted = [...macs.values()].filter((value) => value !== undefined);
  return {
    path,
    irVersion: model.irVersion,
    opsets: Object.fromEntries(model.opsets),
    precision: precisionOf(model),
    inputs: requiredInputs(model.graph).map(tensorLine),
    outputs: model.graph.outputs.map(tensorLine),
    operators: countBy(nodes, (node) => (node.domain ? `${node.domain}.${node.op}` : node.op)),
    nodes: nodes.length,
    weights: weightsOf(model.graph),
    units: findUnits(model).map(({ name, op, parameters }) => withMacs({ name, op, parameters }, macs.get(name))),
    refused: refusedNodes(model),
    macs: {
      total: counted.reduce((total, value) => total + value, 0),
      at: Object.fromEntries(
        requiredInputs(sized.graph).map((input) => [input.name, printShape(shapeOf(input) ?? [])]),
      ),
      uncounted: macs.size - counted.length,
    },
  };
}

function withMacs<T extends object>(unit: T, macs: number | undefined): T & { readonly macs?: number } {
  return macs === undefined ? unit : { ...unit, macs };
}

function tensorLine({ name, type }: Value): TensorLine {
  return { name, type: type ? printType(type) : 'not stated' };
}

function allNodes(graph: Graph): readonly Node[] {
  return graph.nodes.flatMap((node) => [node, ...subgraphs(node).flatMap(allNodes)]);
}

function countBy<T>(items: readonly T[], name: (item: T) => string): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const item of items) counts[name(item)] = (counts[name(item)] ?? 0) + 1;
  return counts;
}

function weightsOf(graph: Graph): Inspection['weights'] {
  const tensors = [...graph.initializers.values()];
  const total = (measure: (tensor: Tensor) => number) => tensors.reduce((sum, tensor) => sum + measure(tensor), 0);
  return {
    bytes: total(({ dtype, dims }) => byteLength(dtype, sizeOf(dims))),
    elements: total(elementCount),
    tensors: tensors.length,
  };
}

function shapeOf({ type }: Value): Shape | undefined {
  return type?.kind === 'tensor' ? type.shape : undefined;
}

/** Multiply-accumulates of each product in the main graph; undefined where a shape stays open. */
function countMacs(model: Model): ReadonlyMap<string, number | undefined> {
  return new Map([...productShapes(model)].map(([name, shape]) => [name, shape && macsOf(shape)]));
}
