import type { GraphEdit } from '../../src/graph/edit.js';
import type { Node } from '../../src/graph/model.js';

/** A node that ONNX Runtime has no float64 kernel for, in a graph that is float64 already. */
export interface DoubleSite {
  readonly edit: GraphEdit;
  readonly node: Node;
  /** The static shape of a value. Throws where it is unknown. */
  shape(name: string): readonly number[];
}

/** Adds nodes that compute the same and have float64 kernels; gives the name of the result. */
export type DoubleRule = (site: DoubleSite) => string;
