import { buildModel, value } from '../../src/graph/build.js';
import { GraphEdit } from '../../src/graph/edit.js';
import type { Model } from '../../src/graph/model.js';
import { floats } from '../../src/kernel/tensor.js';
import * as rules from './gradients.js';
import {
  batchNormParameters,
  type ConvSpec,
  convAttributes,
  convOutput,
  convParameter,
  type Feature,
  type Layers,
  linearParameters,
  type Parameter,
} from './layers.js';
import { buildNetwork, type NetworkSpec } from './network.js';

/** A batch normalization's statistics of one batch: outputs of the graph, for the averages that inference uses. */
export interface Statistics {
  readonly name: string;
  readonly channels: number;
  readonly mean: string;
  readonly variance: string;
}

/**
 * A graph that does the forward and the backward pass of one batch. Inputs: the images [N, C, H, W], `targets`
 * [N, classes], and every parameter by its name. Outputs: `loss`, `logits`, each parameter's gradient, and statistics.
 */
export interface TrainingGraph {
  readonly model: Model;
  readonly batch: number;
  readonly image: Feature;
  readonly classes: number;
  readonly parameters: readonly Parameter[];
  /** Parameter name -> output that holds its gradient. */
  readonly gradients: ReadonlyMap<string, string>;
  readonly statistics: readonly Statistics[];
  readonly loss: string;
  readonly logits: string;
}

/** The oldest opset in which ReduceMean takes its axes as an input, as ReduceSum does. */
export const OPSET = 18;

const TARGETS = 'targets';

export function trainingGraph(spec: NetworkSpec, image: Feature, batch: number): TrainingGraph {
  const inputs = [
    value(image.name, 'float32', [batch, image.channels, image.height, image.width]),
    value(TARGETS, 'float32', [batch, spec.classes]),
  ];
  const empty = buildModel({ name: 'shapes-training', inputs, outputs: [], opset: OPSET }, () => {});
  const edit = new GraphEdit(empty.graph);
  const recorder = new Recorder(edit, batch);
  const logits = buildNetwork(recorder, image, spec).name;
  const { loss, gradient } = rules.crossEntropy(recorder, logits, TARGETS);
  recorder.backward(logits, gradient);
  const { parameters, statistics } = recorder;
  edit.setInputs([...inputs, ...parameters.map(({ name, dims }) => value(name, 'float32', dims))]);
  const results = [loss, logits, ...recorder.gradients.values(), ...statistics.flatMap((s) => [s.mean, s.variance])];
  edit.setOutputs(results.map((name) => value(name, 'float32')));
  const model = { ...empty, graph: edit.finish() };
  const { classes } = spec;
  return { model, batch, image, classes, parameters, gradients: recorder.gradients, statistics, loss, logits };
}

/** Emits the forward pass, and remembers for each layer how to send a gradient back through it. */
class Recorder implements Layers, rules.Tape {
  readonly parameters: Parameter[] = [];
  readonly statistics: Statistics[] = [];
  readonly gradients = new Map<string, string>();
  readonly #steps: { readonly output: string; readonly back: (gradient: string) => void }[] = [];
  readonly #arrived = new Map<string, string>();

  constructor(
    readonly edit: GraphEdit,
    readonly batch: number,
  ) {}

  conv(x: Feature, name: string, spec: ConvSpec): Feature {
    const weight = this.#parameter(convParameter(x, name, spec));
    const y = this.edit.add({ op: 'Conv', name, inputs: [x.name, weight], attributes: convAttributes(spec) });
    const output = convOutput(x, y, spec);
    return this.#record(output, (gradient) => {
      this.gradients.set(weight, rules.convWeightGradient(this, gradient, x, output, spec));
      this.#send(x, () => rules.convInputGradient(this, gradient, x, weight, spec));
    });
  }

  batchNorm(x: Feature, name: string): Feature {
    const parameters = batchNormParameters(x, name);
    const scale = this.#parameter(parameters.scale);
    const shift = this.#parameter(parameters.shift);
    const saved = rules.batchNormForward(this, x, scale, shift);
    this.statistics.push({ name, channels: x.channels, mean: saved.mean, variance: saved.variance });
    return this.#record({ ...x, name: saved.output }, (gradient) => {
      const back = rules.batchNormGradients(this, gradient, x, scale, saved);
      this.gradients.set(scale, back.scale);
      this.gradients.set(shift, back.shift);
      this.#send(x, () => back.input);
    });
  }

  relu(x: Feature): Feature {
    const output = this.edit.add({ op: 'Relu', inputs: [x.name] });
    return this.#record({ ...x, name: output }, (gradient) =>
      this.#send(x, () => rules.reluGradient(this, gradient, output)),
    );
  }

  relu6(x: Feature): Feature {
    const bounds = [0, 6].map((bound) => this.edit.constant('bound', floats([bound], [])));
    const output = this.edit.add({ op: 'Clip', inputs: [x.name, ...bounds] });
    return this.#record({ ...x, name: output }, (gradient) =>
      this.#send(x, () => rules.relu6Gradient(this, gradient, output)),
    );
  }

  add(a: Feature, b: Feature): Feature {
    const output = this.edit.add({ op: 'Add', inputs: [a.name, b.name] });
    return this.#record({ ...a, name: output }, (gradient) => {
      this.#send(a, () => gradient);
      this.#send(b, () => gradient);
    });
  }

  globalAverage(x: Feature): Feature {
    const output = this.edit.add({ op: 'GlobalAveragePool', inputs: [x.name] });
    return this.#record({ ...x, name: output, height: 1, width: 1 }, (gradient) =>
      this.#send(x, () => rules.globalAverageGradient(this, gradient, x)),
    );
  }

  linear(x: Feature, name: string, channels: number): Feature {
    const parameters = linearParameters(x, name, channels);
    const weight = this.#parameter(parameters.weight);
    const bias = this.#parameter(parameters.bias);
    const flat = rules.reshape(this.edit, x.name, [this.batch, x.channels]);
    const product = this.edit.add({ op: 'MatMul', name, inputs: [flat, weight] });
    const output = this.edit.add({ op: 'Add', inputs: [product, bias] });
    return this.#record({ name: output, channels, height: 1, width: 1 }, (gradient) => {
      const back = rules.linearGradients(this, gradient, x, flat, weight);
      this.gradients.set(weight, back.weight);
      this.gradients.set(bias, back.bias);
      this.#send(x, () => back.input);
    });
  }

  /** Sends `gradient` of `from` back through every layer, last to first. */
  backward(from: string, gradient: string): void {
    this.#arrived.set(from, gradient);
    for (const { output, back } of this.#steps.toReversed()) {
      const arrived = this.#arrived.get(output);
      if (arrived !== undefined) back(arrived);
    }
  }

  #record(output: Feature, back: (gradient: string) => void): Feature {
    this.#steps.push({ output: output.name, back });
    return output;
  }

  #parameter(parameter: Parameter): string {
    this.parameters.push(parameter);
    this.edit.fresh(parameter.name);
    return parameter.name;
  }

  /** A value that several layers read gets the sum of their gradients; nobody needs the gradient of the images. */
  #send(x: Feature, gradient: () => string): void {
    if (!this.#steps.some(({ output }) => output === x.name)) return;
    const arrived = this.#arrived.get(x.name);
    const sent = gradient();
    this.#arrived.set(x.name, arrived === undefined ? sent : this.edit.add({ op: 'Add', inputs: [arrived, sent] }));
  }
}
