import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { type ModelProto, ModelProtoSchema } from 'onnx-buf';
import { describe, expect, it } from 'vitest';
import { decodeModel } from '../../src/graph/from-onnx.js';
import { encodeModel } from '../../src/graph/to-onnx.js';

type ModelInit = MessageInitShape<typeof ModelProtoSchema>;

/** A field that no version of ONNX knows, with a value of its own. */
const unknown = (value: number) => ({ $unknown: [{ no: 900, wireType: 0, data: Uint8Array.of(value) }] });

const props = (value: string, tag: number) => [{ key: 'note', value, ...unknown(tag) }];

const floatType = {
  denotation: 'IMAGE',
  value: {
    case: 'tensorType' as const,
    value: {
      elemType: 1,
      shape: { dim: [{ denotation: 'DATA_BATCH', value: { case: 'dimParam' as const, value: 'N' } }], ...unknown(1) },
      ...unknown(2),
    },
  },
  ...unknown(3),
};

const weights = (name: string, tag: number) => ({
  name,
  dims: [2n],
  dataType: 1,
  rawData: new Uint8Array(8).fill(tag),
  docString: `about ${name}`,
  metadataProps: props(name, tag),
  ...unknown(tag),
});

const sparse = (name: string) => ({
  dims: [9n],
  values: weights(name, 4),
  indices: weights('where', 5),
  ...unknown(6),
});

const inner = (name: string) => ({
  name,
  docString: 'a branch',
  initializer: [weights('v', 7)],
  output: [{ name: 'v' }],
  metadataProps: props(name, 8),
  ...unknown(9),
});

const attribute = [
  { name: 'f', type: 1, f: 1.5, docString: 'a float' },
  { name: 'i', type: 2, i: -(2n ** 60n), ...unknown(10) },
  { name: 's', type: 3, s: Uint8Array.of(255, 0) },
  { name: 't', type: 4, t: weights('inside', 11) },
  { name: 'g', type: 5, g: inner('g') },
  { name: 'floats', type: 6, floats: [0.5, -1] },
  { name: 'ints', type: 7, ints: [1n, 2n] },
  { name: 'strings', type: 8, strings: [Uint8Array.of(1)] },
  { name: 'tensors', type: 9, tensors: [weights('a', 12), weights('b', 13)] },
  { name: 'graphs', type: 10, graphs: [inner('a'), inner('b')] },
  { name: 'sparse', type: 11, sparseTensor: sparse('c') },
  { name: 'sparses', type: 12, sparseTensors: [sparse('d')] },
  { name: 'type', type: 13, tp: floatType },
  { name: 'types', type: 14, typeProtos: [floatType, { value: floatType.value }] },
];

const node = {
  name: 'n',
  opType: 'Op',
  domain: 'own',
  overload: 'second',
  input: ['x', '', 'w'],
  output: ['y', ''],
  docString: 'a node',
  metadataProps: props('n', 14),
  deviceConfigurations: [
    { configurationId: 'two', shardingSpec: [{ tensorName: 'w', device: [0n, 1n] }], pipelineStage: 1 },
  ],
  attribute,
  ...unknown(15),
};

const valueInfo = (name: string) => ({
  name,
  type: floatType,
  docString: name,
  metadataProps: props(name, 16),
  ...unknown(17),
});

const definition = {
  name: 'Op',
  domain: 'own',
  overload: 'second',
  input: ['a'],
  output: ['b'],
  attribute: ['alpha'],
  attributeProto: attribute.slice(0, 4),
  node: [
    {
      name: 'r',
      opType: 'Elu',
      input: ['a'],
      output: ['b'],
      attribute: [{ name: 'alpha', type: 1, refAttrName: 'alpha' }],
    },
  ],
  docString: 'a function',
  opsetImport: [{ domain: '', version: 21n, ...unknown(18) }],
  valueInfo: [valueInfo('b')],
  metadataProps: props('f', 19),
  ...unknown(20),
};

const everything: ModelInit = {
  irVersion: 10n,
  producerName: 'someone',
  producerVersion: '1.2',
  domain: 'org.example',
  modelVersion: 7n,
  docString: 'a model',
  opsetImport: [
    { domain: '', version: 21n, ...unknown(21) },
    { domain: 'own', version: 1n },
  ],
  metadataProps: props('model', 22),
  trainingInfo: [
    { initialization: inner('start'), algorithm: inner('step'), initializationBinding: props('bind', 23) },
  ],
  configuration: [{ name: 'two', numDevices: 2, device: ['a', 'b'] }],
  functions: [definition],
  graph: {
    name: 'main',
    docString: 'a graph',
    node: [node],
    input: [valueInfo('x'), { name: 'untyped' }, { name: 'opaque', type: { denotation: 'OPAQUE' } }],
    output: [valueInfo('y')],
    valueInfo: [valueInfo('between')],
    initializer: [weights('w', 24)],
    sparseInitializer: [sparse('z')],
    quantizationAnnotation: [{ tensorName: 'w', quantParameterTensorNames: props('SCALE_TENSOR', 25) }],
    metadataProps: props('graph', 26),
    ...unknown(27),
  },
  ...unknown(28),
};

const written = (model: ModelProto) =>
  fromBinary(ModelProtoSchema, encodeModel(decodeModel(toBinary(ModelProtoSchema, model))));

describe('what the graph does not interpret', () => {
  it('is written as it was read: every field of every message, unknown fields too', () => {
    const model = create(ModelProtoSchema, everything);
    expect(written(model)).toEqual(fromBinary(ModelProtoSchema, toBinary(ModelProtoSchema, model)));
  });

  it('stays away from an attribute whose kind a pass has changed', () => {
    const model = decodeModel(toBinary(ModelProtoSchema, create(ModelProtoSchema, everything)));
    const [first] = model.graph.nodes;
    const changed = new Map([...first.attributes, ['t', { kind: 'int', value: 1n } as const]]);
    const graph = { ...model.graph, nodes: [{ ...first, attributes: changed }] };
    const [proto] = fromBinary(ModelProtoSchema, encodeModel({ ...model, graph })).graph?.node ?? [];
    expect(proto.attribute.find(({ name }) => name === 't')).toMatchObject({ type: 2, i: 1n });
    expect(proto.attribute.find(({ name }) => name === 't')?.t).toBeUndefined();
  });

  it('gives way to a type that a pass has changed', () => {
    const model = decodeModel(toBinary(ModelProtoSchema, create(ModelProtoSchema, everything)));
    const type = { kind: 'tensor', dtype: 'int8', shape: [3] } as const;
    const inputs = model.graph.inputs.map((value) => ({ ...value, type }));
    const again = decodeModel(encodeModel({ ...model, graph: { ...model.graph, inputs } }));
    expect(again.graph.inputs.map((value) => value.type)).toEqual([type, type, type]);
  });
});
