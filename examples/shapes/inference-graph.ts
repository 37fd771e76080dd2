import { buildModel, value } from '../../src/graph/build.js';
import { GraphEdit } from '../../src/graph/edit.js';
import type { Model } from '../../src/graph/model.js';
import { type DenseTensor, floats } from '../../src/kernel/tensor.js';
import {
  batchNormParameters,
  convAttributes,
  convOutput,
  convParameter,
  EPSILON,
  type Feature,
  type Layers,
  linearParameters,
} from './layers.js';
import { buildNetwork, type NetworkSpec } from './network.js';
import { OPSET } from './training-graph.js';

/** Trained tensors by name: every parameter, and the mean and variance of every batch normalization. */
export type Weights = ReadonlyMap<string, DenseTensor>;

export function meanName(batchNorm: string): string {
  return `${batchNorm}.mean`;
}

export function varianceName(batchNorm: string): string {
  return `${batchNorm}.variance`;
}

/** The network as it ships: `image` [batch, C, H, W] in, `logits` [batch, classes] out, any batch size. */
export function inferenceModel(spec: NetworkSpec, image: Feature, weights: Weights): Model {
  const inputs = [value(image.name, 'float32', ['batch', image.channels, image.height, image.width])];
  const outputs = [value('logits', 'float32', ['batch', spec.classes])];
  const empty = buildModel({ name: 'shapes', inputs, outputs, opset: OPSET }, () => {});
  const edit = new GraphEdit(empty.graph);
  buildNetwork(inferenceLayers(edit, weights), image, spec);
  return { ...empty, graph: edit.finish() };
}

/** Emits plain ONNX operators. The classifier, the last layer, makes the graph's output. */
function inferenceLayers(edit: GraphEdit, weights: Weights): Layers {
  const stored = (name: string): string => edit.constant(name, trained(weights, name));
  const bound = (limit: number): string => edit.constant('bound', floats([limit], []));
  const unary = (x: Feature, op: string, bounds: readonly string[] = []): Feature => ({
    ...x,
    name: edit.add({ op, inputs: [x.name, ...bounds] }),
  });
  return {
    conv(x, name, spec) {
      const weight = stored(convParameter(x, name, spec).name);
      const output = edit.add({ op: 'Conv', name, inputs: [x.name, weight], attributes: convAttributes(spec) });
      return convOutput(x, output, spec);
    },
    batchNorm(x, name) {
      const { scale, shift } = batchNormParameters(x, name);
      const names = [scale.name, shift.name, meanName(name), varianceName(name)];
      const inputs = [x.name, ...names.map(stored)];
      const attributes = { epsilon: { float: EPSILON } };
      return { ...x, name: edit.add({ op: 'BatchNormalization', name, inputs, attributes }) };
    },
    relu: (x) => unary(x, 'Relu'),
    relu6: (x) => unary(x, 'Clip', [bound(0), bound(6)]),
    add: (a, b) => ({ ...a, name: edit.add({ op: 'Add', inputs: [a.name, b.name] }) }),
    globalAverage: (x) => ({ ...unary(x, 'GlobalAveragePool'), height: 1, width: 1 }),
    linear(x, name, channels) {
      const { weight, bias } = linearParameters(x, name, channels);
      const flat = edit.add({ op: 'Flatten', inputs: [x.name], attributes: { axis: 1 } });
      const inputs = [flat, stored(weight.name), stored(bias.name)];
      return { name: edit.add({ op: 'Gemm', name, inputs, outputs: ['logits'] }), channels, height: 1, width: 1 };
    },
  };
}

function trained(weights: Weights, name: string): DenseTensor {
  const found = weights.get(name);
  if (!found) throw new RangeError(`the network's ${name} was not trained`);
  return found;
}
