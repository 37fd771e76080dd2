import { create, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import { describe, expect, it } from 'vitest';
import { BitloomError } from '../kernel/errors.js';
import { decodeProto } from './decode.js';

const model = toBinary(
  ModelProtoSchema,
  create(ModelProtoSchema, {
    irVersion: 8n,
    producerName: 'test',
    graph: { name: 'g', initializer: [{ name: 'w', dataType: 2, dims: [40n], rawData: new Uint8Array(40) }] },
  }),
);

function codeOf(bytes: Uint8Array): string {
  try {
    decodeProto(bytes, 'model.onnx');
    return 'decoded';
  } catch (error) {
    if (!(error instanceof BitloomError)) throw error;
    expect(error.problems[0].place).toEqual({ file: 'model.onnx' });
    return error.code;
  }
}

describe('decodeProto', () => {
  it('decodes a whole model', () => {
    expect(decodeProto(model).proto.graph?.name).toBe('g');
  });

  it.each([
    ['an empty file', '', 'empty-file'],
    ['text', 'hello, this is not a model', 'not-onnx'],
    ['JSON', '{"a": 1}', 'not-onnx'],
    ['a ZIP file', 'PK\u0003\u0004 and more', 'not-onnx'],
    ['a Git LFS pointer', 'version https://git-lfs.github.com/spec/v1', 'not-onnx'],
  ])('refuses %s', (_, text, code) => {
    expect(codeOf(new TextEncoder().encode(text))).toBe(code);
  });

  it('says what to do about a Git LFS pointer', () => {
    const pointer = new TextEncoder().encode('version https://git-lfs.github.com/spec/v1\noid sha256:0');
    expect(() => decodeProto(pointer)).toThrow(/git lfs pull/);
  });

  it('refuses a model cut short anywhere', () => {
    for (let length = 1; length < model.length; length++) {
      expect(['truncated', 'not-onnx'], `${length} bytes`).toContain(codeOf(model.subarray(0, length)));
    }
    expect(codeOf(model.subarray(0, model.length - 1))).toBe('truncated');
  });

  it('survives any one byte changed', () => {
    for (let at = 0; at < model.length; at++) {
      const damaged = model.slice();
      damaged[at] ^= 0xff;
      expect(['decoded', 'truncated', 'not-onnx']).toContain(codeOf(damaged));
    }
  });
});
