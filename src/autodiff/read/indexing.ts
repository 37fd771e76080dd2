import { intAttribute, stringAttribute } from '../../graph/attributes.js';
import { sizeOf } from '../../kernel/shape.js';
import type { Builder } from '../builder.js';
import { add, expand, mul, reshape, slice, sub, sum } from '../ops.js';
import type { Term } from '../program.js';
import { axisOf, constantOf, fromFront, type ReadRule, type ReadRules, type ReadSite, shapeOf } from './rule.js';

/** Indices that count from the front, where they are the same in every run. */
function indicesOf(site: ReadSite, axis: number): Term {
  const indices = site.inputs[1];
  const numbers = site.numbers(1);
  if (!numbers?.some((at) => at < 0)) return indices;
  const size = site.inputs[0].shape[axis];
  return constantOf(
    site.b,
    indices.dtype,
    indices.shape,
    numbers.map((at) => fromFront(at, size)),
  );
}

/** One place, or a run of them, is cut out: the adjoint is then a Pad and no scattering. */
const gather: ReadRule = (site) => {
  const { b, node, inputs } = site;
  const [x] = inputs;
  const axis = axisOf(node, 0, x.shape.length);
  const places = site.numbers(1)?.map((at) => fromFront(at, x.shape[axis]));
  if (places && places.length > 0 && places.every((at, i) => at === places[0] + i)) {
    return [reshape(b, slice(b, x, axis, places[0], places[0] + places.length), shapeOf(site))];
  }
  return [b.one('Gather', [x, indicesOf(site, axis)], { axis })];
};

const gatherElements: ReadRule = (site) => {
  const { b, node, inputs } = site;
  const axis = axisOf(node, 0, inputs[0].shape.length);
  return [b.one('GatherElements', [inputs[0], indicesOf(site, axis)], { axis })];
};

/** How updates join the data: in its place, or added to it. Others have no reading. */
type Join = (b: Builder, data: Term, scattered: (updates: Term) => Term, updates: Term) => Term;

const JOINS: Readonly<Record<string, Join>> = {
  none: (b, data, scattered, updates) => {
    const one = b.scalar(1, data.dtype);
    const stays = sub(b, one, scattered(expand(b, one, updates.shape)));
    return add(b, mul(b, data, stays), scattered(updates));
  },
  add: (b, data, scattered, updates) => add(b, data, scattered(updates)),
};

/** With `none` indices must differ (the operator's text asks for that). */
const scatterElements: ReadRule = (site) => {
  const { b, node, inputs } = site;
  const [data, , updates] = inputs;
  const axis = axisOf(node, 0, data.shape.length);
  const indices = indicesOf(site, axis);
  const scattered = (values: Term) => b.one('ScatterElements', [values, indices], { axis, shape: data.shape });
  const join = JOINS[stringAttribute(node, 'reduction', 'none')];
  return join && [join(b, data, scattered, updates)];
};

/** The data seen as rows, and for each index vector the row that it names. */
function rowsOf(b: Builder, data: Term, indices: Term): { rows: number; width: number; at: Term } {
  const depth = indices.shape[indices.shape.length - 1];
  const leading = data.shape.slice(0, depth);
  const sizes = constantOf(b, indices.dtype, [depth], leading);
  const strides = constantOf(
    b,
    indices.dtype,
    [depth],
    leading.map((_, i) => sizeOf(leading.slice(i + 1))),
  );
  const wrapped = b.one('Opaque', [add(b, indices, sizes), sizes], {
    op: 'Mod',
    domain: '',
    attributes: new Map(),
    absent: [],
    outputs: [{ dtype: indices.dtype, shape: indices.shape }],
  });
  const linear = sum(b, mul(b, wrapped, strides), [indices.shape.length - 1]);
  return {
    rows: sizeOf(leading),
    width: sizeOf(data.shape.slice(depth)),
    at: reshape(b, linear, [sizeOf(indices.shape) / depth]),
  };
}

const gatherND: ReadRule = (site) => {
  const { b, node, inputs } = site;
  if (intAttribute(node, 'batch_dims', 0) !== 0) return undefined;
  const { rows, width, at } = rowsOf(b, inputs[0], inputs[1]);
  return [reshape(b, b.one('Gather', [reshape(b, inputs[0], [rows, width]), at], { axis: 0 }), shapeOf(site))];
};

const scatterND: ReadRule = ({ b, node, inputs: [data, indices, updates] }) => {
  const { rows, width, at } = rowsOf(b, data, indices);
  const scattered = (values: Term) => b.one('ScatterAdd', [values, at], { axis: 0, size: rows });
  const join = JOINS[stringAttribute(node, 'reduction', 'none')];
  if (!join) return undefined;
  const flat = join(b, reshape(b, data, [rows, width]), scattered, reshape(b, updates, [at.shape[0], width]));
  return [reshape(b, flat, data.shape)];
};

export const INDEXING: ReadRules = {
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherND,
  ScatterElements: scatterElements,
  ScatterND: scatterND,
};
