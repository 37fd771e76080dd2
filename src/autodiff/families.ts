import type { Primitive } from './primitives.js';

/** Each table of this room is written family by family, a file each. */
export type Unary =
  | 'Neg'
  | 'Abs'
  | 'Sign'
  | 'Exp'
  | 'Log'
  | 'Sqrt'
  | 'Reciprocal'
  | 'Sin'
  | 'Cos'
  | 'Erf'
  | 'Tanh'
  | 'Sigmoid'
  | 'Softplus'
  | 'Relu'
  | 'Clip'
  | 'Cast'
  | 'Copy';
export type Binary = 'Add' | 'Sub' | 'Mul' | 'Div' | 'Pow' | 'Max' | 'Min' | 'Greater' | 'Equal' | 'And' | 'Where';
export type Product = 'MatMul' | 'Conv' | 'ConvInput' | 'ConvWeight';
export type Reduction = 'ReduceSum' | 'ReduceMax' | 'Softmax' | 'LogSoftmax' | 'MaxPool';
export type Arrangement = Exclude<Primitive, Unary | Binary | Product | Reduction | 'Opaque'>;
