import type { Arrangement } from '../families.js';
import type { Term } from '../program.js';
import type { WriteSite, WriteTable } from './rule.js';

export const ARRANGEMENT_WRITE: WriteTable<Arrangement> = {
  Reshape: ({ w, x: [x], y, params: { shape } }) =>
    w.last('Reshape', [x, w.ints(shape)], y, shape.includes(0) ? { allowzero: 1 } : {}),
  Transpose: ({ w, x, y, params: { perm } }) => w.last('Transpose', x, y, { perm }),
  Expand: ({ w, x: [x], y, params: { shape } }) => w.last('Expand', [x, w.ints(shape)], y),
  Concat: ({ w, x, y, params: { axis } }) => w.last('Concat', x, y, { axis }),
  Slice: (site) => cut(site),
  Pad: ({ w, x: [x], y, params: { pads } }) => w.last('Pad', [x, w.ints(pads)], y),
  Gather: ({ w, x, y, params: { axis } }) => w.last('Gather', x, y, { axis }),
  ScatterAdd: (site) => scatterAdd(site),
  GatherElements: ({ w, x, y, params: { axis } }) => w.last('GatherElements', x, y, { axis }),
  ScatterElements: ({ w, x: [updates, indices], y, inputs: [{ dtype }], params: { axis, shape } }) => {
    const zeros = w.step('Expand', [w.scalar(0, dtype), w.ints(shape)]);
    w.last('ScatterElements', [zeros, indices, updates], y, { axis, reduction: 'add' });
  },
};

/** Only the axes that are cut. */
function cut({ w, x: [x], y, inputs: [{ shape }], params: { starts, ends, steps } }: WriteSite<'Slice'>): void {
  const axes = shape.flatMap((dim, i) => (starts[i] > 0 || ends[i] < dim || steps[i] !== 1 ? [i] : []));
  const of = (values: readonly number[]) => w.ints(axes.map((axis) => values[axis]));
  w.last('Slice', [x, of(starts), of(ends), w.ints(axes), of(steps)], y);
}

/** The indices' axes flattened into one and brought to the updates' shape, as ScatterElements wants them. */
function scatterAdd({ w, x, y, inputs: [updates, indices], params: { axis, size } }: WriteSite<'ScatterAdd'>): void {
  const flat = flattened(updates, indices, axis);
  const shape = flat.with(axis, size);
  const zeros = w.step('Expand', [w.scalar(0, updates.dtype), w.ints(shape)]);
  const values = w.step('Reshape', [x[0], w.ints(flat)]);
  const column = flat.map((dim, i) => (i === axis ? dim : 1));
  const at = w.step('Expand', [w.step('Reshape', [x[1], w.ints(column)]), w.ints(flat)]);
  w.last('ScatterElements', [zeros, at, values], y, { axis, reduction: 'add' });
}

function flattened(updates: Term, indices: Term, axis: number): readonly number[] {
  const count = indices.shape.reduce((product, dim) => product * dim, 1);
  return updates.shape.toSpliced(axis, indices.shape.length, count);
}
