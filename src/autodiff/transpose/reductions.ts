import type { Reduction } from '../families.js';
import { expand } from '../ops.js';
import type { TransposeTable } from './rule.js';

export const REDUCTION_TRANSPOSE: TransposeTable<Reduction> = {
  ReduceSum: ({ b, x: [x], ct }) => [expand(b, ct, x.shape)],
  ReduceMax: 'never-linear',
  Softmax: 'never-linear',
  LogSoftmax: 'never-linear',
  MaxPool: 'never-linear',
};
