import { describe, expect, it } from 'vitest';
import { BitloomError, type Problem } from '../kernel/errors.js';
import { describeFailure } from './failure.js';

const problem = (node: string): Problem => ({
  kind: 'model',
  code: 'unsupported-op',
  message: 'cannot be handled',
  place: { file: 'model.onnx', node, op: 'Foo' },
  hint: 'remove it',
});

describe('describeFailure', () => {
  it('gives place and hint of every problem', () => {
    expect(describeFailure(new BitloomError([problem('a'), problem('b')]))).toBe(
      'error: model.onnx, node a (Foo): cannot be handled\n  remove it\nmodel.onnx, node b (Foo): cannot be handled\n  remove it',
    );
  });

  it('counts what it does not list', () => {
    const many = Array.from({ length: 25 }, (_, i) => problem(`n${i}`));
    expect(describeFailure(new BitloomError(many))).toMatch(/node n9 .*\n {2}remove it\nand 15 more$/);
  });

  it('takes the blame for what is no problem of the user', () => {
    expect(describeFailure(new TypeError('x is undefined'))).toContain('internal error: x is undefined');
  });
});
