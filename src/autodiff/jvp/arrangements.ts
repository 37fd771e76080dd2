import type { Arrangement } from '../families.js';
import { zeros } from '../ops.js';
import { linear } from './linear.js';
import type { JvpTable } from './rule.js';

export const ARRANGEMENT_JVP: JvpTable<Arrangement> = {
  Reshape: linear('Reshape'),
  Transpose: linear('Transpose'),
  Expand: linear('Expand'),
  Concat: ({ b, params, x, t }) => [
    b.one(
      'Concat',
      t.map((tangent, i) => tangent ?? zeros(b, x[i])),
      params,
    ),
  ],
  Slice: linear('Slice'),
  Pad: linear('Pad'),
  Gather: linear('Gather'),
  ScatterAdd: linear('ScatterAdd'),
  GatherElements: linear('GatherElements'),
  ScatterElements: linear('ScatterElements'),
};
