import { editGraph } from '../graph/edit.js';
import type { Model } from '../graph/model.js';
import { random } from '../kernel/random.js';
import { tensor, toFloat32 } from '../kernel/tensor.js';

/** The model with normal noise of this root mean square added to one weight; the seed fixes it. */
export function withNoise(model: Model, weight: string, rootMeanSquare: number, seed: number): Model {
  const found = model.graph.initializers.get(weight);
  if (!found) throw new RangeError(`${weight} is no initializer`);
  const source = random(seed);
  const noisy = Float32Array.from(toFloat32(found), (value) => value + rootMeanSquare * source.normal());
  return {
    ...model,
    graph: editGraph(model.graph, (edit) => edit.setInitializer(weight, tensor('float32', found.dims, noisy))),
  };
}
