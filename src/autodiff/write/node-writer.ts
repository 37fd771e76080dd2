import type { AttributeInput } from '../../graph/attributes.js';
import type { GraphEdit } from '../../graph/edit.js';
import type { DType } from '../../kernel/dtype.js';
import { fromNumbers, ints, type Tensor } from '../../kernel/tensor.js';

export type Attributes = Readonly<Record<string, AttributeInput>>;

/** Adds nodes and small constants to a graph. */
export interface NodeWriter {
  /** A node on the way; gives its value's name. */
  step(op: string, inputs: readonly string[], attributes?: Attributes): string;
  /** The node that makes the values of these names. */
  last(
    op: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes?: Attributes,
    domain?: string,
  ): void;
  /** An int64 vector. */
  ints(values: readonly number[]): string;
  scalar(value: number, dtype: DType): string;
}

/** `origin`: the model's node that the nodes come from. Constants of the same content are shared through `known`. */
export function nodeWriter(edit: GraphEdit, origin: string, known: Map<string, string>): NodeWriter {
  const named = (op: string) => (origin ? `${origin}/${op}` : op);
  const constant = (key: string, value: () => Tensor): string => {
    const name = known.get(key) ?? edit.constant('constant', value());
    known.set(key, name);
    return name;
  };
  return {
    step: (op, inputs, attributes = {}) => edit.add({ op, inputs, attributes, name: named(op) }),
    last(op, inputs, outputs, attributes = {}, domain = '') {
      edit.add({ op, inputs, outputs, attributes, domain, name: named(op) });
    },
    ints: (values) => constant(`int64[${values.join(',')}]`, () => ints(values)),
    scalar(value, dtype) {
      if (dtype === 'string') throw new TypeError(`a ${dtype} is no number`);
      return constant(`${dtype} ${value}`, () => fromNumbers(dtype, [], [value]));
    },
  };
}
