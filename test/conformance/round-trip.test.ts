import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeModel, loadModel } from '../../src/graph/from-onnx.js';
import type { Attribute, FunctionDef, Graph, Model, Node, SparseTensor, ValueType } from '../../src/graph/model.js';
import { encodeModel, saveModel } from '../../src/graph/to-onnx.js';
import { byteLength, DTYPES, isDType } from '../../src/kernel/dtype.js';
import { sizeOf } from '../../src/kernel/shape.js';
import type { NumericDType, Tensor } from '../../src/kernel/tensor.js';

const NUMERIC: readonly NumericDType[] = Object.keys(DTYPES)
  .filter(isDType)
  .filter((dtype) => dtype !== 'string');

const name = fc.string({ minLength: 1, maxLength: 6, unit: 'grapheme' });
const bytes = fc.uint8Array({ maxLength: 8 });
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const float = fc.float();
const dims = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 3 });

const dense = fc.tuple(fc.constantFrom(...NUMERIC), dims).chain(([dtype, shape]) => {
  const length = byteLength(dtype, sizeOf(shape));
  return fc
    .uint8Array({ minLength: length, maxLength: length })
    .map((data): Tensor => ({ dtype, dims: shape, bytes: data }));
});

const strings = dims.chain((shape) =>
  fc
    .array(bytes, { minLength: sizeOf(shape), maxLength: sizeOf(shape) })
    .map((items): Tensor => ({ dtype: 'string', dims: shape, strings: items })),
);

const tensor = fc.oneof({ weight: 4, arbitrary: dense }, { weight: 1, arbitrary: strings });
const sparse: fc.Arbitrary<SparseTensor> = fc.record({ dims, values: tensor, indices: tensor });

const dtype = fc.constantFrom(...NUMERIC, 'string' as const);
const shape = fc.array(fc.oneof(fc.nat(), name, fc.constant(null)), { maxLength: 4 });
const leafType: fc.Arbitrary<ValueType> = fc.record(
  { kind: fc.constantFrom('tensor', 'sparse'), dtype, shape },
  { requiredKeys: ['kind', 'dtype'] },
);
const { type } = fc.letrec<{ type: ValueType }>((tie) => ({
  type: fc.oneof(
    { maxDepth: 2, withCrossShrink: true },
    leafType,
    fc.record({ kind: fc.constantFrom('sequence', 'optional'), element: tie('type') }),
    fc.record({ kind: fc.constant('map'), key: dtype, value: tie('type') }),
  ),
}));

const mapOf = <T>(value: fc.Arbitrary<T>, maxLength = 3): fc.Arbitrary<ReadonlyMap<string, T>> =>
  fc.uniqueArray(fc.tuple(name, value), { maxLength, selector: ([key]) => key }).map((entries) => new Map(entries));

const few = <T>(value: fc.Arbitrary<T>) => fc.array(value, { maxLength: 3 });

const plainAttribute: fc.Arbitrary<Attribute> = fc.oneof(
  fc.record({ kind: fc.constant('float'), value: float }),
  fc.record({ kind: fc.constant('int'), value: int64 }),
  fc.record({ kind: fc.constant('string'), value: bytes }),
  fc.record({ kind: fc.constant('tensor'), value: tensor }),
  fc.record({ kind: fc.constant('sparse'), value: sparse }),
  fc.record({ kind: fc.constant('type'), value: type }),
  fc.record({ kind: fc.constant('floats'), value: few(float) }),
  fc.record({ kind: fc.constant('ints'), value: few(int64) }),
  fc.record({ kind: fc.constant('strings'), value: few(bytes) }),
  fc.record({ kind: fc.constant('tensors'), value: few(tensor) }),
  fc.record({ kind: fc.constant('sparses'), value: few(sparse) }),
  fc.record({ kind: fc.constant('types'), value: few(type) }),
  fc.record({ kind: fc.constant('ref'), name, of: fc.constantFrom('float', 'graph', 'types') }),
);

/** Node i makes `<i>:0` and `<i>:1` and reads what stands before it; names do not meet those of inputs. */
function nodesWith(attribute: fc.Arbitrary<Attribute>): fc.Arbitrary<readonly Node[]> {
  const part = fc.record({
    op: name,
    domain: fc.constantFrom('', 'own'),
    attributes: mapOf(attribute),
    reads: few(fc.nat()),
  });
  return few(part).map((parts) =>
    parts.map(({ op, domain, attributes, reads }, i) => ({
      name: `node ${i}`,
      op,
      domain,
      inputs: reads.map((read) => (read % (i + 1) === i ? '' : `${read % (i + 1)}:0`)),
      outputs: [`${i}:0`, `${i}:1`],
      attributes,
    })),
  );
}

function graphWith(attribute: fc.Arbitrary<Attribute>): fc.Arbitrary<Graph> {
  const ends = mapOf(fc.option(type, { nil: undefined }));
  return fc
    .record({
      name,
      ends,
      nodes: nodesWith(attribute),
      tensors: mapOf(tensor),
      sparses: mapOf(sparse),
      types: mapOf(type),
    })
    .map(({ ends: values, nodes, tensors, sparses, types, name: own }) => ({
      name: own,
      inputs: [...values].map(([value, known]) => ({ name: `in ${value}`, ...(known ? { type: known } : {}) })),
      outputs: nodes.map(({ outputs }) => ({ name: outputs[0] })),
      nodes,
      initializers: new Map([...tensors].map(([value, content]) => [`w ${value}`, content])),
      sparseInitializers: new Map([...sparses].map(([value, content]) => [`s ${value}`, content])),
      types: new Map([...types].map(([value, known]) => [`t ${value}`, known])),
    }));
}

const subgraph = graphWith(plainAttribute);
const graph = graphWith(
  fc.oneof(
    { weight: 8, arbitrary: plainAttribute },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('graph'), value: subgraph }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('graphs'), value: few(subgraph) }) },
  ),
);

const opsets = fc.integer({ min: 1, max: 25 }).map(
  (version) =>
    new Map([
      ['', version],
      ['own', 3],
    ]),
);

const definition: fc.Arbitrary<FunctionDef> = fc.record({
  name,
  domain: fc.constant('own'),
  overload: fc.constantFrom('', 'b'),
  inputs: few(name),
  outputs: few(name),
  attributes: few(name),
  defaults: mapOf(plainAttribute),
  nodes: nodesWith(plainAttribute),
  opsets,
  types: mapOf(type),
});

const model: fc.Arbitrary<Model> = fc.record({
  graph,
  opsets,
  functions: fc.array(definition, { maxLength: 1 }),
  irVersion: fc.integer({ min: 3, max: 13 }),
  metadata: mapOf(fc.string()),
});

describe('a model of any content', () => {
  it('reads the same after it was written', () => {
    fc.assert(
      fc.property(model, (value) => {
        expect(decodeModel(encodeModel(value))).toEqual(value);
      }),
      { numRuns: 150, seed: 3 },
    );
  });

  it('is written to the same bytes each time', () => {
    fc.assert(
      fc.property(model, (value) => {
        const once = encodeModel(value);
        expect(Buffer.compare(encodeModel(decodeModel(once)), once)).toBe(0);
      }),
      { numRuns: 50, seed: 4 },
    );
  });

  it('reads the same with its tensors in another file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'bitloom-round-trip-'));
    const path = join(folder, 'model.onnx');
    try {
      await fc.assert(
        fc.asyncProperty(model, async (value) => {
          await saveModel(value, path, { externalData: { file: 'data', threshold: 1 } });
          expect(encodeModel(await loadModel(path))).toEqual(encodeModel(value));
        }),
        { numRuns: 40, seed: 5 },
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
