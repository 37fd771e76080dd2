import { describe, expect, it } from 'vitest';
import { circuitry, gateValues } from './logic.js';

type F = 'float' | 'w8a8' | 'w4';
const LADDERS: ReadonlyMap<string, readonly F[]> = new Map<string, readonly F[]>([
  ['a', ['float', 'w8a8', 'w4']],
  ['b', ['float', 'w8a8']],
  ['c', ['float']],
]);

describe('gates', () => {
  it('are not made for what holds in every plan or in none', () => {
    const circuit = circuitry(LADDERS);
    expect(circuit.is('c', ['float'])).toBe(true);
    expect(circuit.is('c', ['w8a8'])).toBe(false);
    expect(circuit.is('a', ['float', 'w4', 'w8a8'])).toBe(true);
    expect(circuit.all([])).toBe(true);
    expect(circuit.any([false, circuit.all([true, true])])).toBe(true);
    expect(circuit.gates).toEqual([]);
  });

  it('are shared by equal conditions', () => {
    const circuit = circuitry(LADDERS);
    const [a, b] = [circuit.is('a', ['w8a8']), circuit.is('b', ['w8a8'])];
    expect(circuit.all([a, b, a])).toBe(circuit.all([b, a]));
    expect(circuit.not(circuit.not(circuit.all([a, b])))).toBe(circuit.all([a, b]));
    expect(circuit.gates).toHaveLength(4);
  });

  it('negate a choice of formats by the others of its ladder', () => {
    const circuit = circuitry(LADDERS);
    const not = circuit.not(circuit.is('a', ['w8a8']));
    expect(circuit.gates[Number(not)]).toEqual({ is: 'a', formats: ['float', 'w4'] });
  });

  it('have the values of their formulas', () => {
    const circuit = circuitry(LADDERS);
    const [a, b] = [circuit.is('a', ['w8a8']), circuit.is('b', ['w8a8'])];
    const both = circuit.all([a, b]);
    const neither = circuit.not(circuit.any([a, b]));
    const at = (formats: Readonly<Record<string, F>>) => {
      const values = gateValues(circuit.gates, formats);
      return [values[Number(both)], values[Number(neither)]];
    };
    expect(at({ a: 'w8a8', b: 'w8a8', c: 'float' })).toEqual([true, false]);
    expect(at({ a: 'w4', b: 'float', c: 'float' })).toEqual([false, true]);
    expect(at({ a: 'w4', b: 'w8a8', c: 'float' })).toEqual([false, false]);
  });
});
