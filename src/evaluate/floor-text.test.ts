import { describe, expect, it } from 'vitest';
import { parseFloor, printFloor } from './floor-text.js';

describe('parseFloor', () => {
  it.each([
    ['99.9%', { kind: 'relative', fraction: 0.999 }],
    ['0.5pt', { kind: 'absolute', points: 0.5 }],
    ['.5pt', { kind: 'absolute', points: 0.5 }],
    ['kl=0.01', { kind: 'kl', max: 0.01 }],
    ['agreement=99%', { kind: 'agreement', fraction: 0.99 }],
  ])('reads %s', (text, floor) => {
    expect(parseFloor(text)).toEqual(floor);
  });

  it.each(['99.9', '101%', '0%', '-1pt', 'kl=', 'loss=3', '', '1e-3pt', 'agreement=200%'])(
    'refuses %j and says what it reads',
    (text) => {
      expect(() => parseFloor(text)).toThrow(/--keep: .* is no floor\n {2}write 99\.9%/);
    },
  );
});

describe('printFloor', () => {
  it.each(['99.9%', '99.99%', '0.5pt', 'kl=0.01', 'agreement=99.5%'])('writes %s as it was read', (text) => {
    expect(printFloor(parseFloor(text))).toBe(text);
  });
});
