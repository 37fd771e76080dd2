import type { Builder } from '../builder.js';
import type { Arrangement } from '../families.js';
import { pad, permute, reshape, slice, sumTo } from '../ops.js';
import type { Term } from '../program.js';
import type { TransposeTable } from './rule.js';

export const ARRANGEMENT_TRANSPOSE: TransposeTable<Arrangement> = {
  Reshape: ({ b, x: [x], ct }) => [reshape(b, ct, x.shape)],
  Transpose: ({ b, params: { perm }, ct }) => [permute(b, ct, inverse(perm))],
  Expand: ({ b, x: [x], ct }) => [sumTo(b, ct, x.shape)],
  Concat: ({ b, x, params: { axis }, linear, ct }) => {
    const ends = x.map((_, i) => x.slice(0, i + 1).reduce((end, { shape }) => end + shape[axis], 0));
    return x.map(({ shape }, i) => (linear[i] ? slice(b, ct, axis, ends[i] - shape[axis], ends[i]) : undefined));
  },
  Slice: ({ b, x: [x], params: { starts, steps }, ct }) => {
    const spread = steps.reduce((term, step, axis) => (step === 1 ? term : spreadOut(b, term, axis, step)), ct);
    const ends = x.shape.map((dim, i) => dim - starts[i] - spread.shape[i]);
    return [pad(b, spread, [...starts, ...ends])];
  },
  Pad: ({ b, x: [x], params: { pads }, ct }) => [
    b.one('Slice', [ct], {
      starts: pads.slice(0, x.shape.length),
      ends: x.shape.map((dim, i) => pads[i] + dim),
      steps: x.shape.map(() => 1),
    }),
  ],
  Gather: ({ b, x: [x, indices], params: { axis }, ct }) => [
    b.one('ScatterAdd', [ct, indices], { axis, size: x.shape[axis] }),
  ],
  ScatterAdd: ({ b, x: [, indices], params: { axis }, ct }) => [b.one('Gather', [ct, indices], { axis })],
  GatherElements: ({ b, x: [x, indices], params: { axis }, ct }) => [
    b.one('ScatterElements', [ct, indices], { axis, shape: x.shape }),
  ],
  ScatterElements: ({ b, x: [, indices], params: { axis }, ct }) => [b.one('GatherElements', [ct, indices], { axis })],
};

/** `step - 1` zeros between the entries of an axis. */
function spreadOut(b: Builder, x: Term, axis: number, step: number): Term {
  const split = reshape(b, x, x.shape.toSpliced(axis + 1, 0, 1));
  const none = split.shape.map(() => 0);
  const padded = pad(b, split, [...none, ...none.with(axis + 1, step - 1)]);
  const flat = reshape(b, padded, x.shape.with(axis, x.shape[axis] * step));
  return slice(b, flat, axis, 0, (x.shape[axis] - 1) * step + 1);
}

function inverse(perm: readonly number[]): readonly number[] {
  return perm.map((_, axis) => perm.indexOf(axis));
}
