import { describe, expect, it } from 'vitest';
import { loadTarget } from '../latency/load-target.js';
import type { Unit } from '../quantize/unit.js';
import { type Constraints, choicesFor, uniformChoice } from './choices.js';

const target = loadTarget('ort-cpu');
const FREE: Constraints = { include: [], exclude: [], force: [] };

function unit(name: string, op: Unit['op'], more: Partial<Unit> = {}): Unit {
  return {
    name,
    op,
    inputs: ['x'],
    weight: `${name}.weight`,
    channelAxis: 0,
    output: 'y',
    group: name,
    parameters: 9,
    ...more,
  };
}

const { weight: _, ...product } = unit('scores', 'MatMul');
const UNITS: readonly Unit[] = [unit('stem', 'Conv'), unit('up', 'ConvTranspose'), unit('head', 'Gemm'), product];

function ladders(constraints: Partial<Constraints>): Readonly<Record<string, string>> {
  const choices = choicesFor(UNITS, target, { ...FREE, ...constraints });
  return Object.fromEntries(choices.map((choice) => [choice.unit.name, choice.ladder.join(' ')]));
}

describe('choicesFor', () => {
  it("opens the target's ladder, and says why a unit has none", () => {
    const choices = choicesFor(UNITS, target, FREE);
    expect(choices[0].ladder).toEqual(target.ladder.Conv);
    expect(choices[1]).toMatchObject({ ladder: ['float'], fixed: false });
    expect(choices[1].reason).toMatch(/no format is faster than float for ConvTranspose on ort-cpu/);
    expect(choices[3].reason).toMatch(/product of two activations/);
  });

  it('fixes what is forced, excluded or not included', () => {
    expect(ladders({ force: [{ pattern: 'stem', format: 'w8a8' }] }).stem).toBe('w8a8');
    expect(ladders({ exclude: ['Gemm'] }).head).toBe('float');
    expect(ladders({ include: ['stem'] })).toEqual({ stem: 'float w8a8', up: 'float', head: 'float', scores: 'float' });
  });

  it('searches the formats asked for where a unit can take them', () => {
    const asked = ladders({ formats: ['w8a16', 'w8a8', 'w4a8'] });
    expect(asked.stem).toBe('float w8a16 w8a8 w4a8');
    expect(asked.up).toBe('float');
  });
});

describe('uniformChoice', () => {
  it('gives the format to all that can take it and are not fixed', () => {
    const choices = choicesFor(UNITS, target, { ...FREE, exclude: ['head'] });
    expect(uniformChoice(choices, 'w8a8', target)).toMatchObject({ stem: 'w8a8', up: 'float', head: 'float' });
  });

  it('gives it to no unit of a group of which one cannot take it', () => {
    const shared = [unit('a', 'Conv', { group: 'w' }), unit('b', 'ConvTranspose', { group: 'w' })];
    expect(uniformChoice(choicesFor(shared, target, FREE), 'w8a8', target)).toEqual({ a: 'float', b: 'float' });
  });
});
