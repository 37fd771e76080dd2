/**
 * `bitloom/autodiff`: derivatives of ONNX models as ONNX models. Read a model into a program, write a loss into it,
 * derive, and write the result as a model that ONNX Runtime runs. docs/autodiff.md walks through it.
 */
export { type Edge, withEdges } from './autodiff/edges.js';
export {
  crossEntropy,
  divergence,
  type Loss,
  lossInput,
  nextToken,
  type OutputLoss,
  span,
  squaredError,
  withLoss,
} from './autodiff/losses.js';
export { assertDifferentiable, independentOf } from './autodiff/paths.js';
export {
  cotangentOf,
  gaussNewton,
  gradient,
  gradientOf,
  type HessianMode,
  hvp,
  jvp,
  probeOf,
  productOf,
  rootProduct,
  tangentOf,
  vjp,
} from './autodiff/products.js';
export type { Program, Term } from './autodiff/program.js';
export { type ReadOptions, readProgram } from './autodiff/read-program.js';
export { toModel, type WriteOptions } from './autodiff/write/to-model.js';
