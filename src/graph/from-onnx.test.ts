import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import { describe, expect, it } from 'vitest';
import { BitloomError } from '../kernel/errors.js';
import { isDense, toNumbers } from '../kernel/tensor.js';
import { decodeModel } from './from-onnx.js';
import type { Model } from './model.js';

type ModelInit = MessageInitShape<typeof ModelProtoSchema>;
type GraphInit = NonNullable<ModelInit['graph']>;

function decode(model: ModelInit): Model {
  const defaults = { irVersion: 8n, opsetImport: [{ domain: '', version: 17n }] };
  return decodeModel(toBinary(ModelProtoSchema, create(ModelProtoSchema, { ...defaults, ...model })));
}

const decodeGraph = (graph: GraphInit) => decode({ graph }).graph;

function codesOf(read: () => unknown): string[] {
  try {
    read();
    return [];
  } catch (error) {
    if (!(error instanceof BitloomError)) throw error;
    return error.problems.map(({ code }) => code);
  }
}

describe('decodeModel', () => {
  it('names nameless nodes by operator and position, and makes names unique', () => {
    const names = ['', 'Relu_0', 'a', 'a', '', 'a_2'];
    const node = names.map((name, i) => ({ name, opType: 'Relu', input: ['x'], output: [`y${i}`] }));
    const found = decodeGraph({ input: [{ name: 'x' }], node }).nodes.map(({ name }) => name);
    expect(found).toEqual(['Relu_0_2', 'Relu_0', 'a', 'a_3', 'Relu_4', 'a_2']);
  });

  it("writes ONNX's own domain as ''", () => {
    const model = decode({
      opsetImport: [{ domain: 'ai.onnx', version: 17n }],
      graph: { node: [{ opType: 'Relu', domain: 'ai.onnx', output: ['y'] }] },
    });
    expect([...model.opsets]).toEqual([['', 17]]);
    expect(model.graph.nodes[0].domain).toBe('');
  });

  it('sorts nodes, keeping their order where it holds', () => {
    const node = [
      { name: 'b', opType: 'Relu', input: ['x'], output: ['y'] },
      { name: 'a', opType: 'Relu', output: ['x'] },
      { name: 'c', opType: 'Relu', output: ['z'] },
    ];
    expect(decodeGraph({ node }).nodes.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
  });

  it('takes opset 1 where none is stated', () => {
    expect([...decode({ opsetImport: [], irVersion: 2n, graph: {} }).opsets]).toEqual([['', 1]]);
  });

  it('reads attributes of IR version 1, which state no type', () => {
    const attribute = [
      { name: 'i', i: 3n },
      { name: 'zero', f: 0 },
      { name: 'l', ints: [1n, 2n] },
    ];
    const [node] = decodeGraph({ node: [{ opType: 'Op', output: ['y'], attribute }] }).nodes;
    expect([...node.attributes.values()]).toEqual([
      { kind: 'int', value: 3n },
      { kind: 'float', value: 0 },
      { kind: 'ints', value: [1n, 2n] },
    ]);
  });

  it.each([
    ['floats', 1, { floatData: [1.5, -2] }, [1.5, -2]],
    ['doubles', 11, { doubleData: [1.5, -2] }, [1.5, -2]],
    ['int64', 7, { int64Data: [-1n, 5n] }, [-1, 5]],
    ['int32', 6, { int32Data: [-1, 5] }, [-1, 5]],
    ['int16', 5, { int32Data: [-1, 5] }, [-1, 5]],
    ['int8', 3, { int32Data: [-1, 5] }, [-1, 5]],
    ['uint8', 2, { int32Data: [255, 5] }, [255, 5]],
    ['bool', 9, { int32Data: [1, 0] }, [1, 0]],
    ['float16', 10, { int32Data: [0x3c00, 0xc000] }, [1, -2]],
    ['bfloat16', 16, { int32Data: [0x3f80, 0xc000] }, [1, -2]],
    ['uint32', 12, { uint64Data: [4294967295n, 5n] }, [4294967295, 5]],
    ['uint64', 13, { uint64Data: [1n, 5n] }, [1, 5]],
    ['int4', 22, { int32Data: [0x7f] }, [-1, 7]],
    ['uint2', 25, { int32Data: [0b1101] }, [1, 3]],
  ])('reads %s that are not raw', (_, dataType, data, expected) => {
    const { initializers } = decodeGraph({ initializer: [{ name: 'w', dims: [2n], dataType, ...data }] });
    const tensor = initializers.get('w');
    expect(tensor && isDense(tensor) && [...Array.from(toNumbers(tensor))]).toEqual(expected);
  });

  it('takes a Buffer, whose unaligned tensors can be viewed', () => {
    const initializer = [
      { name: 'pad', dims: [1n], dataType: 2, rawData: Uint8Array.of(1) },
      ...[0, 1, 2, 3].map((i) => ({
        name: `w${i}${'x'.repeat(i)}`,
        dims: [1n],
        dataType: 1,
        rawData: new Uint8Array(4),
      })),
    ];
    const init = { irVersion: 8n, opsetImport: [{ version: 17n }], graph: { initializer } };
    const { graph } = decodeModel(Buffer.from(toBinary(ModelProtoSchema, create(ModelProtoSchema, init))));
    for (const [name, value] of graph.initializers) expect(toNumbers(value)[0], name).toBe(name === 'pad' ? 1 : 0);
  });

  it('keeps initializers that are inputs too', () => {
    const initializer = [{ name: 'w', dims: [1n], dataType: 1, floatData: [1] }];
    const graph = decodeGraph({ input: [{ name: 'x' }, { name: 'w' }], initializer });
    expect(graph.inputs.map(({ name }) => name)).toEqual(['x', 'w']);
    expect(graph.initializers.has('w')).toBe(true);
  });

  it('tells all that is wrong, and where', () => {
    const read = () =>
      decodeGraph({
        initializer: [
          { name: 'short', dims: [3n], dataType: 1, floatData: [1] },
          { name: 'odd', dims: [1n], dataType: 99 },
        ],
        node: [{ name: 'n', opType: 'Op', output: ['y'], attribute: [{ name: 't', type: 4, t: { dataType: 0 } }] }],
      });
    expect(codesOf(read)).toEqual(['tensor-size', 'unsupported-dtype', 'unsupported-dtype']);
    expect(read).toThrow(/tensor short: float32\[3\] needs 12 bytes of data, the file has 4/);
    expect(read).toThrow(/node n \(Op\): has the element type number 0/);
  });

  const two = { opType: 'Relu', output: ['y'] };
  const weight = { name: 'y', dims: [0n], dataType: 1 };
  it.each<[string, ModelInit]>([
    ['duplicate-value', { graph: { node: [two, two] } }],
    ['duplicate-value', { graph: { node: [two], input: [{ name: 'y' }] } }],
    ['duplicate-value', { graph: { node: [two], initializer: [weight] } }],
    ['duplicate-value', { graph: { initializer: [weight, weight] } }],
    [
      'duplicate-attribute',
      {
        graph: {
          node: [
            {
              ...two,
              attribute: [
                { name: 'a', i: 1n },
                { name: 'a', i: 2n },
              ],
            },
          ],
        },
      },
    ],
    ['attribute-value', { graph: { node: [{ ...two, attribute: [{ name: 'a' }] }] } }],
    ['unsupported-segment', { graph: { initializer: [{ ...weight, segment: { begin: 0n } }] } }],
    ['tensor-data', { graph: { initializer: [{ ...weight, dims: [1n], int32Data: [1] }] } }],
    ['tensor-shape', { graph: { initializer: [{ ...weight, dims: [-1n] }] } }],
    ['external-data-without-folder', { graph: { initializer: [{ ...weight, dataLocation: 1 }] } }],
    ['graph-cycle', { graph: { node: [{ ...two, input: ['y'] }] } }],
    ['unsupported-opset', { opsetImport: [{ version: 99n }], graph: {} }],
    ['unsupported-ir-version', { irVersion: 99n, graph: {} }],
    ['duplicate-opset', { opsetImport: [{ version: 17n }, { domain: 'ai.onnx', version: 18n }], graph: {} }],
    ['not-onnx', {}],
  ])('%s', (code, model) => {
    expect(codesOf(() => decode(model))).toEqual([code]);
  });
});
