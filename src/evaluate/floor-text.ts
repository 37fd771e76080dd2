import { BitloomError } from '../kernel/errors.js';
import type { Floor } from './floor.js';

interface Form {
  readonly pattern: RegExp;
  floor(value: number): Floor | undefined;
}

const NUMBER = '([0-9]+(?:\\.[0-9]+)?|\\.[0-9]+)';

/** How a floor is written. A form whose number makes no sense gives nothing. */
const FORMS: readonly Form[] = [
  {
    pattern: new RegExp(`^${NUMBER}%$`),
    floor: (percent) => (isShare(percent) ? { kind: 'relative', fraction: tidy(percent / 100) } : undefined),
  },
  { pattern: new RegExp(`^${NUMBER}pt$`), floor: (points) => ({ kind: 'absolute', points }) },
  { pattern: new RegExp(`^kl=${NUMBER}$`), floor: (max) => ({ kind: 'kl', max }) },
  {
    pattern: new RegExp(`^agreement=${NUMBER}%$`),
    floor: (percent) => (isShare(percent) ? { kind: 'agreement', fraction: tidy(percent / 100) } : undefined),
  },
];

/** Reads `99.9%`, `0.5pt`, `kl=0.01` or `agreement=99%`. */
export function parseFloor(text: string): Floor {
  for (const { pattern, floor } of FORMS) {
    const match = pattern.exec(text.trim());
    const parsed = match && floor(Number(match[1]));
    if (parsed) return parsed;
  }
  throw new BitloomError({
    kind: 'option',
    code: 'bad-floor',
    message: `${JSON.stringify(text)} is no floor`,
    place: { option: 'keep' },
    hint: 'write 99.9% (of the float metric), 0.5pt (points lost), kl=0.01 or agreement=99%',
  });
}

/** The floor as `parseFloor` reads it. */
export function printFloor(floor: Floor): string {
  switch (floor.kind) {
    case 'relative':
      return `${tidy(floor.fraction * 100)}%`;
    case 'absolute':
      return `${floor.points}pt`;
    case 'kl':
      return `kl=${floor.max}`;
    case 'agreement':
      return `agreement=${tidy(floor.fraction * 100)}%`;
    default:
      return floor satisfies never;
  }
}

function isShare(percent: number): boolean {
  return percent > 0 && percent <= 100;
}

/** 99.9 / 100 as 0.999, without the last bits that the division leaves. */
function tidy(value: number): number {
  return Number(value.toPrecision(12));
}
