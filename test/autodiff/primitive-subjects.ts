/** Every primitive on random shapes with random parameters: a table that is total, so none is forgotten. */
import fc from 'fast-check';
import { Builder } from '../../src/autodiff/builder.js';
import type { Arrangement, Binary, Product, Reduction, Unary } from '../../src/autodiff/families.js';
import { mul } from '../../src/autodiff/ops.js';
import type { ConvGeometry, PoolGeometry, Primitive } from '../../src/autodiff/primitives.js';
import type { Term } from '../../src/autodiff/program.js';
import { convolved } from '../../src/autodiff/shapes/products.js';
import { random } from '../../src/kernel/random.js';
import { sizeOf } from '../../src/kernel/shape.js';
import { fromNumbers, ints, tensor } from '../../src/kernel/tensor.js';
import type { TensorMap } from '../../src/runtime/session.js';
import type { Subject } from './subject.js';

/** Where the function is defined, and smooth but for its kinks. */
type Domain = 'any' | 'positive' | 'away from 0';

interface Moving {
  readonly shape: readonly number[];
  readonly domain?: Domain;
}

/** One use of a primitive: the inputs that move, and what it makes of them. */
interface Sample {
  readonly moving: readonly Moving[];
  readonly write: (b: Builder, x: readonly Term[]) => Term;
}

const side = fc.integer({ min: 1, max: 4 });
const shapes = fc.array(side, { minLength: 1, maxLength: 4 });

/** Two shapes that broadcast: axes of the second, from the back, are the first's or 1, and either may lack some. */
const broadcastable = fc
  .tuple(shapes, fc.array(fc.constantFrom('both', 'left', 'right'), { minLength: 4, maxLength: 4 }), fc.nat({ max: 3 }))
  .map(([shape, holders, lack]) => [
    shape.map((dim, i) => (holders[i] === 'right' ? 1 : dim)),
    shape.map((dim, i) => (holders[i] === 'left' ? 1 : dim)).slice(Math.min(lack, shape.length)),
  ]);

function unary(op: Exclude<Unary, 'Clip' | 'Cast' | 'Copy'>, domain: Domain = 'any'): fc.Arbitrary<Sample> {
  return shapes.map((shape) => ({ moving: [{ shape, domain }], write: (b, x) => b.one(op, x, {}) }));
}

const UNARY: { readonly [P in Unary]: fc.Arbitrary<Sample> } = {
  Neg: unary('Neg'),
  Abs: unary('Abs'),
  Sign: unary('Sign'),
  Exp: unary('Exp'),
  Log: unary('Log', 'positive'),
  Sqrt: unary('Sqrt', 'positive'),
  Reciprocal: unary('Reciprocal', 'away from 0'),
  Sin: unary('Sin'),
  Cos: unary('Cos'),
  Erf: unary('Erf'),
  Tanh: unary('Tanh'),
  Sigmoid: unary('Sigmoid'),
  Softplus: unary('Softplus'),
  Relu: unary('Relu'),
  Clip: fc
    .tuple(shapes, fc.constantFrom([-0.5, 0.7], [Number.NEGATIVE_INFINITY, 0.3], [-0.2, Number.POSITIVE_INFINITY]))
    .map(([shape, [min, max]]) => ({ moving: [{ shape }], write: (b, x) => b.one('Clip', x, { min, max }) })),
  /** To whole numbers and back: its derivative is 0. Between floats it would round, which differences see. */
  Cast: shapes.map((shape) => ({
    moving: [{ shape }],
    write: (b, [x]) => mul(b, x, b.one('Cast', [b.one('Cast', [x], { to: 'int64' })], { to: 'float64' })),
  })),
  Copy: shapes.map((shape) => ({
    moving: [{ shape }],
    write: (b, [x]) => mul(b, x, b.one('Copy', [x], { name: 'edge' })),
  })),
};

function binary(
  op: 'Add' | 'Sub' | 'Mul' | 'Div' | 'Pow' | 'Max' | 'Min',
  left: Domain = 'any',
  right: Domain = 'any',
): fc.Arbitrary<Sample> {
  return broadcastable.map(([a, b]) => ({
    moving: [
      { shape: a, domain: left },
      { shape: b, domain: right },
    ],
    write: (builder, x) => builder.one(op, x, {}),
  }));
}

/** A product is scaled by a truth value, since that has no derivative itself. */
function truth(condition: (b: Builder, x: Term, y: Term) => Term): fc.Arbitrary<Sample> {
  return broadcastable.map(([p, q]) => ({
    moving: [{ shape: p }, { shape: q }],
    write: (b, [x, y]) => mul(b, mul(b, x, y), b.one('Cast', [condition(b, x, y)], { to: 'float64' })),
  }));
}

const greater = (b: Builder, x: Term, y: Term): Term => b.one('Greater', [x, y], {});

const BINARY: { readonly [P in Binary]: fc.Arbitrary<Sample> } = {
  Add: binary('Add'),
  Sub: binary('Sub'),
  Mul: binary('Mul'),
  Div: binary('Div', 'any', 'away from 0'),
  Pow: fc.oneof(
    binary('Pow', 'positive'),
    fc.tuple(shapes, fc.constantFrom(-1, 0.5, 1, 2, 3, 4)).map(([shape, exponent]) => ({
      moving: [{ shape, domain: Number.isInteger(exponent) ? 'away from 0' : 'positive' } as const],
      write: (b: Builder, [x]: readonly Term[]) => b.one('Pow', [x, b.scalar(exponent, 'float64')], {}),
    })),
  ),
  Max: binary('Max'),
  Min: binary('Min'),
  Greater: truth(greater),
  Equal: truth((b, x, y) => b.one('Equal', [x, y], {})),
  And: truth((b, x, y) => b.one('And', [greater(b, x, b.scalar(0, x.dtype)), greater(b, x, y)], {})),
  Where: fc.tuple(broadcastable, shapes, fc.nat()).map(([[p, q], , seed]) => ({
    moving: [{ shape: p }, { shape: q }],
    write: (b, x) => b.one('Where', [b.constant(bits(p, seed), 'condition'), ...x], {}),
  })),
};

interface Geometry extends ConvGeometry {
  readonly batch: number;
  /** Channels a group. */
  readonly channels: number;
  readonly features: number;
  readonly spatial: readonly number[];
  readonly kernel: readonly number[];
}

const axis = fc.record({
  size: fc.integer({ min: 3, max: 6 }),
  kernel: fc.integer({ min: 1, max: 3 }),
  stride: fc.integer({ min: 1, max: 3 }),
  dilation: fc.integer({ min: 1, max: 2 }),
  pads: fc.tuple(fc.nat({ max: 2 }), fc.nat({ max: 2 })),
});

const axes = fc
  .array(axis, { minLength: 1, maxLength: 3 })
  .map((sides) => sides.map((each) => ({ ...each, size: each.size + 2 * (each.dilation - 1) })));

const geometries: fc.Arbitrary<Geometry> = fc
  .record({
    sides: axes,
    batch: fc.integer({ min: 1, max: 2 }),
    channels: fc.integer({ min: 1, max: 2 }),
    features: fc.integer({ min: 1, max: 2 }),
    group: fc.integer({ min: 1, max: 2 }),
  })
  .map(({ sides, ...rest }) => ({
    ...rest,
    spatial: sides.map(({ size }) => size),
    kernel: sides.map(({ kernel }) => kernel),
    strides: sides.map(({ stride }) => stride),
    dilations: sides.map(({ dilation }) => dilation),
    pads: [...sides.map(({ pads }) => pads[0]), ...sides.map(({ pads }) => pads[1])],
  }));

function convolutionShapes(geometry: Geometry) {
  const { batch, channels, features, group, spatial, kernel } = geometry;
  return {
    x: { shape: [batch, group * channels, ...spatial] },
    w: { shape: [group * features, channels, ...kernel] },
    y: { shape: [batch, group * features, ...convolved(spatial, kernel, geometry)] },
    params: {
      strides: geometry.strides,
      dilations: geometry.dilations,
      pads: geometry.pads,
      group,
    },
  };
}

const PRODUCT: { readonly [P in Product]: fc.Arbitrary<Sample> } = {
  MatMul: fc
    .tuple(fc.tuple(side, side, side), broadcastable, fc.boolean(), fc.boolean(), fc.nat({ max: 2 }))
    .map(([[m, k, n], [p, q], transA, transB, batches]) => ({
      moving: [
        { shape: [...p.slice(-batches, batches ? undefined : 0), ...(transA ? [k, m] : [m, k])] },
        { shape: [...q.slice(-batches, batches ? undefined : 0), ...(transB ? [n, k] : [k, n])] },
      ],
      write: (b, x) => b.one('MatMul', x, { transA, transB }),
    })),
  Conv: geometries.map(convolutionShapes).map(({ x, w, params }) => ({
    moving: [x, w],
    write: (b, terms) => b.one('Conv', terms, params),
  })),
  ConvInput: geometries.map(convolutionShapes).map(({ x, w, y, params }) => ({
    moving: [y, w],
    write: (b, terms) => b.one('ConvInput', terms, { ...params, spatial: x.shape.slice(2) }),
  })),
  ConvWeight: geometries.map(convolutionShapes).map(({ x, w, y, params }) => ({
    moving: [x, y],
    write: (b, terms) => b.one('ConvWeight', terms, { ...params, kernel: w.shape.slice(2) }),
  })),
};

function reduction(op: 'ReduceSum' | 'ReduceMax'): fc.Arbitrary<Sample> {
  return fc.tuple(shapes, fc.array(fc.boolean(), { minLength: 4, maxLength: 4 })).map(([shape, chosen]) => ({
    moving: [{ shape }],
    write: (b, x) => b.one(op, x, { axes: shape.flatMap((_, i) => (chosen[i] || i === 0 ? [i] : [])) }),
  }));
}

function normalized(op: 'Softmax' | 'LogSoftmax'): fc.Arbitrary<Sample> {
  return fc.tuple(shapes, fc.nat()).map(([shape, at]) => ({
    moving: [{ shape }],
    write: (b, x) => b.one(op, x, { axis: at % shape.length }),
  }));
}

const REDUCTION: { readonly [P in Reduction]: fc.Arbitrary<Sample> } = {
  ReduceSum: reduction('ReduceSum'),
  ReduceMax: reduction('ReduceMax'),
  Softmax: normalized('Softmax'),
  LogSoftmax: normalized('LogSoftmax'),
  MaxPool: axes.map((sides) => {
    const pool = poolGeometry(sides);
    return {
      moving: [{ shape: [2, 2, ...sides.map(({ size }) => size)] }],
      write: (b, x) => b.one('MaxPool', x, pool),
    };
  }),
};

/** Less padding than kernel, so that every window sees something. */
function poolGeometry(sides: readonly (typeof axis extends fc.Arbitrary<infer A> ? A : never)[]): PoolGeometry {
  const padding = (end: 0 | 1) => sides.map(({ pads, kernel }) => Math.min(pads[end], kernel - 1));
  return {
    kernel: sides.map(({ kernel }) => kernel),
    strides: sides.map(({ stride }) => stride),
    dilations: sides.map(({ dilation }) => dilation),
    pads: [...padding(0), ...padding(1)],
  };
}

const indexed = fc.record({
  shape: shapes,
  at: fc.nat(),
  indices: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 2 }),
  seed: fc.nat(),
});

const ARRANGEMENT: { readonly [P in Arrangement]: fc.Arbitrary<Sample> } = {
  Reshape: shapes.map((shape) => ({
    moving: [{ shape }],
    write: (b, x) => b.one('Reshape', x, { shape: [sizeOf(shape), 1] }),
  })),
  Transpose: shapes.chain((shape) =>
    fc
      .shuffledSubarray(
        shape.map((_, i) => i),
        { minLength: shape.length },
      )
      .map((perm) => ({
        moving: [{ shape }],
        write: (b: Builder, x: readonly Term[]) => b.one('Transpose', x, { perm }),
      })),
  ),
  Expand: fc.tuple(broadcastable, side).map(([[, small], lead]) => ({
    moving: [{ shape: small }],
    write: (b, x) => b.one('Expand', x, { shape: [lead, ...small.map((dim) => (dim === 1 ? 3 : dim))] }),
  })),
  Concat: fc.tuple(shapes, fc.nat(), fc.array(side, { minLength: 1, maxLength: 3 })).map(([shape, at, sizes]) => ({
    moving: sizes.map((size) => ({ shape: shape.with(at % shape.length, size) })),
    write: (b, x) => b.one('Concat', x, { axis: at % shape.length }),
  })),
  Slice: fc
    .array(
      fc.record({
        start: fc.nat({ max: 2 }),
        length: side,
        rest: fc.nat({ max: 2 }),
        step: fc.integer({ min: 1, max: 3 }),
      }),
      {
        minLength: 1,
        maxLength: 3,
      },
    )
    .map((cuts) => ({
      moving: [{ shape: cuts.map(({ start, length, rest }) => start + length + rest) }],
      write: (b, x) =>
        b.one('Slice', x, {
          starts: cuts.map(({ start }) => start),
          ends: cuts.map(({ start, length }) => start + length),
          steps: cuts.map(({ step }) => step),
        }),
    })),
  Pad: fc.tuple(shapes, fc.array(fc.nat({ max: 2 }), { minLength: 8, maxLength: 8 })).map(([shape, pads]) => ({
    moving: [{ shape }],
    write: (b, x) => b.one('Pad', x, { pads: pads.slice(0, 2 * shape.length) }),
  })),
  Gather: indexed.map(({ shape, at, indices, seed }) => ({
    moving: [{ shape }],
    write: (b, [x]) => {
      const axis = at % shape.length;
      return b.one('Gather', [x, b.constant(below(indices, shape[axis], seed), 'indices')], { axis });
    },
  })),
  ScatterAdd: indexed.map(({ shape, at, indices, seed }) => ({
    moving: [{ shape: shape.toSpliced(at % shape.length, 1, ...indices) }],
    write: (b, [x]) =>
      b.one('ScatterAdd', [x, b.constant(below(indices, 4, seed), 'indices')], { axis: at % shape.length, size: 4 }),
  })),
  GatherElements: indexed.map(({ shape, at, seed }) => ({
    moving: [{ shape }],
    write: (b, [x]) => {
      const axis = at % shape.length;
      const places = below(shape.with(axis, 3), shape[axis], seed);
      return b.one('GatherElements', [x, b.constant(places, 'indices')], { axis });
    },
  })),
  ScatterElements: indexed.map(({ shape, at, seed }) => ({
    moving: [{ shape }],
    write: (b, [x]) => {
      const axis = at % shape.length;
      return b.one('ScatterElements', [x, b.constant(below(shape, 4, seed), 'indices')], {
        axis,
        shape: shape.with(axis, 4),
      });
    },
  })),
};

/** Random uses of each primitive. */
export const PRIMITIVES: { readonly [P in Primitive]: fc.Arbitrary<Sample> } = {
  ...UNARY,
  ...BINARY,
  ...PRODUCT,
  ...REDUCTION,
  ...ARRANGEMENT,
  /** Carried along: the places that it finds choose what is differentiated. */
  Opaque: fc.tuple(side, side).map(([rows, columns]) => ({
    moving: [{ shape: [rows, columns] }],
    write: (b, [x]) => {
      const params = {
        op: 'ArgMax',
        domain: '',
        attributes: new Map([['axis', { kind: 'int', value: 1n } as const]]),
        absent: [],
        outputs: [{ dtype: 'int64', shape: [rows, 1] } as const],
      };
      return b.one('GatherElements', [mul(b, x, x), b.one('Opaque', [x], params)], { axis: 1 });
    },
  })),
};

/** The program `y = op(x0, x1 ...)` in float64, at a random point. */
export function subjectOf({ moving, write }: Sample, seed: number): Subject {
  const b = new Builder();
  const x = moving.map(({ shape }, i) => b.input(`x${i}`, { dtype: 'float64', shape }));
  for (const term of x) b.setValue(term.name, term);
  b.origin = 'node';
  const program = b.finish(new Map([['y', write(b, x)]]));
  const wrt = x.map(({ name }) => name);
  return { program, wrt, of: ['y'], point: pointOf(moving, seed) };
}

function pointOf(moving: readonly Moving[], seed: number): TensorMap {
  const source = random(seed);
  const numbers: Readonly<Record<Domain, () => number>> = {
    any: () => source.normal(),
    positive: () => 0.3 + 2 * source.uniform(),
    'away from 0': () => source.sign() * (0.5 + source.uniform()),
  };
  return Object.fromEntries(
    moving.map(({ shape, domain = 'any' }, i) => {
      const values = Float64Array.from({ length: sizeOf(shape) }, numbers[domain]);
      return [`x${i}`, fromNumbers('float64', shape, values)];
    }),
  );
}

function below(shape: readonly number[], bound: number, seed: number) {
  const source = random(seed);
  return ints(
    Array.from({ length: sizeOf(shape) }, () => source.below(bound)),
    shape,
  );
}

function bits(shape: readonly number[], seed: number) {
  const source = random(seed);
  return tensor(
    'bool',
    shape,
    Uint8Array.from({ length: sizeOf(shape) }, () => source.below(2)),
  );
}
