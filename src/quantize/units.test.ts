import { describe, expect, it } from 'vitest';
import { addConv, noise, ortCpu, smallModel } from '../../test/plans.js';
import { attributes } from '../graph/attributes.js';
import { value } from '../graph/build.js';
import type { Graph } from '../graph/model.js';
import { reasonAgainst } from './rules.js';
import { findUnits, refusedNodes } from './units.js';

describe('findUnits', () => {
  it('finds a convolution with its weight, bias and size', () => {
    const model = smallModel([1, 4, 5, 5], (edit) => addConv(edit, { from: 'x', channels: [4, 6], groups: 2 }));
    expect(findUnits(model)).toMatchObject([
      {
        name: 'conv',
        op: 'Conv',
        inputs: ['x'],
        weight: 'conv.weight',
        bias: 'conv.bias',
        channelAxis: 0,
        parameters: 108,
      },
    ]);
  });

  it('puts units that share a weight into one group', () => {
    const model = smallModel([4, 8], (edit) => {
      const weight = edit.constant('w', noise([8, 8], 1));
      const first = edit.add({ op: 'MatMul', name: 'first', inputs: ['x', weight] });
      const second = edit.add({ op: 'MatMul', name: 'second', inputs: [first, weight] });
      return edit.add({ op: 'MatMul', name: 'third', inputs: [second, edit.constant('v', noise([8, 8], 2))] });
    });
    expect(findUnits(model).map((unit) => [unit.name, unit.group])).toEqual([
      ['first', 'w'],
      ['second', 'w'],
      ['third', 'third'],
    ]);
  });

  it('knows a product of two activations, and a weight on either side', () => {
    const model = smallModel([8, 8], (edit) => {
      const left = edit.add({ op: 'MatMul', name: 'left', inputs: [edit.constant('w', noise([8, 8], 1)), 'x'] });
      return edit.add({ op: 'MatMul', name: 'both', inputs: ['x', left] });
    });
    const [left, both] = findUnits(model);
    expect(left).toMatchObject({ inputs: ['x'], weight: 'w' });
    expect(left.channelAxis).toBeUndefined();
    expect(reasonAgainst(left, 'w4', ortCpu)).toBe('its weight stands on the left');
    expect(reasonAgainst(left, 'w8a8', ortCpu)).toBeUndefined();
    expect(both).toMatchObject({ parameters: 0 });
    expect(both.inputs).toHaveLength(2);
    expect(reasonAgainst(both, 'w8a8-dynamic', ortCpu)).toBe('it has no weight');
  });

  it.each([
    [{ transA: 1 }, /transposed/],
    [{ alpha: { float: 2 } }, /scaled/],
    [{ beta: { float: 0.5 } }, /bias is scaled/],
  ])('limits a Gemm with %o to floats', (extra, reason) => {
    const model = smallModel([8, 8], (edit) =>
      edit.add({
        op: 'Gemm',
        inputs: ['x', edit.constant('w', noise([8, 8], 1)), edit.constant('b', noise([8], 2))],
        attributes: extra,
      }),
    );
    const [unit] = findUnits(model);
    expect(reasonAgainst(unit, 'w8a8', ortCpu)).toMatch(reason);
    expect(reasonAgainst(unit, 'float', ortCpu)).toBeUndefined();
  });

  it('says why a transposed convolution stays float', () => {
    const model = smallModel([1, 4, 5, 5], (edit) =>
      edit.add({ op: 'ConvTranspose', inputs: ['x', edit.constant('w', noise([4, 2, 3, 3], 1))] }),
    );
    expect(reasonAgainst(findUnits(model)[0], 'w8a8', ortCpu)).toMatch(/no integer kernel for a transposed/);
  });
});

describe('refusedNodes', () => {
  it('names a weight that is computed, another dtype, and what lies in a subgraph', () => {
    const inner: Graph = {
      name: 'then',
      inputs: [],
      outputs: [value('inner_out', 'float32')],
      nodes: [
        {
          name: 'hidden',
          op: 'MatMul',
          domain: '',
          inputs: ['x', 'x'],
          outputs: ['inner_out'],
          attributes: attributes({}),
        },
      ],
      initializers: new Map(),
      sparseInitializers: new Map(),
      types: new Map(),
    };
    const model = smallModel([4, 4], (edit) => {
      const moved = edit.add({ op: 'Gemm', name: 'moving', inputs: ['x', 'x'] });
      edit.add({ op: 'MatMul', name: 'half', inputs: ['x', 'x'], outputs: ['half_out'] });
      edit.setType('half_out', { kind: 'tensor', dtype: 'float16' });
      edit.add({ op: 'If', name: 'if', inputs: [moved], attributes: { then_branch: { kind: 'graph', value: inner } } });
      return moved;
    });
    expect(Object.fromEntries(refusedNodes(model).map(({ name, reason }) => [name, reason]))).toEqual({
      hidden: 'it lies in a subgraph of If if',
      moving: 'its second matrix is not a float32 constant',
      half: 'it computes in float16, not float32',
    });
  });
});
