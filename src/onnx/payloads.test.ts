import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import { describe, expect, it } from 'vitest';
import { extractPayloads, implantPayloads } from './payloads.js';
import { flatten } from './wire.js';

const data = Uint8Array.from({ length: 300 }, (_, i) => i % 251);
const raw = { dataType: 2, dims: [300n], rawData: data };

/** Tensors wherever a model may have them. */
const everywhere = toBinary(
  ModelProtoSchema,
  create(ModelProtoSchema, {
    irVersion: 10n,
    graph: {
      initializer: [{ ...raw, name: 'w' }],
      sparseInitializer: [{ values: raw, indices: raw }],
      node: [
        {
          opType: 'If',
          attribute: [
            { name: 't', t: raw },
            { name: 'ts', tensors: [raw, raw] },
            { name: 'g', g: { initializer: [raw] } },
            { name: 'gs', graphs: [{ node: [{ attribute: [{ name: 'u', t: raw }] }] }] },
            { name: 's', sparseTensor: { values: raw }, sparseTensors: [{ indices: raw }] },
          ],
        },
      ],
    },
    functions: [{ node: [{ attribute: [{ name: 't', t: raw }] }], attributeProto: [{ name: 'd', t: raw }] }],
  }),
);

describe('extractPayloads', () => {
  it('finds every tensor and copies none', () => {
    const { skeleton, payloads } = extractPayloads(everywhere);
    expect(payloads).toHaveLength(12);
    expect(skeleton.length).toBeLessThan(everywhere.length - 12 * 290);
    for (const payload of payloads) {
      expect(payload.buffer).toBe(everywhere.buffer);
      expect([...payload]).toEqual([...data]);
    }
  });

  it('is undone by implantPayloads', () => {
    const { skeleton, payloads } = extractPayloads(everywhere);
    expect(Buffer.compare(flatten(implantPayloads(flatten(skeleton), payloads)), everywhere)).toBe(0);
  });

  it('takes packed floats and doubles as raw data', () => {
    const initializer = [
      { dataType: 1, dims: [2n], floatData: [1.5, -2] },
      { dataType: 11, dims: [2n], doubleData: [1.5, -2] },
    ];
    const { skeleton, payloads } = extractPayloads(
      toBinary(ModelProtoSchema, create(ModelProtoSchema, { graph: { initializer } })),
    );
    const views = payloads.map((payload) => payload.slice().buffer);
    expect([...new Float32Array(views[0])]).toEqual([1.5, -2]);
    expect([...new Float64Array(views[1])]).toEqual([1.5, -2]);
    expect(fromBinary(ModelProtoSchema, flatten(skeleton)).graph?.initializer[0].floatData).toEqual([]);
  });

  it('leaves training information as it is', () => {
    const model = create(ModelProtoSchema, { trainingInfo: [{ algorithm: { initializer: [raw] } }] });
    expect(extractPayloads(toBinary(ModelProtoSchema, model)).payloads).toEqual([]);
  });
});
