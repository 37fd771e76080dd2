import { significant } from '../../report/format.js';

/** A plan that holds the floor and was timed against float. */
export interface Contender {
  readonly name: string;
  /** Of its time to float's, with the 95 % interval. */
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
  /** Units that are not float. */
  readonly quantized: number;
  /** The whole model in one file. */
  readonly bytes: number;
}

export interface Decision<C extends Contender> {
  /** Nothing where float runs as fast as all of them. */
  readonly chosen: C | undefined;
  /** What the times alone did not decide. */
  readonly notes: readonly string[];
}

/**
 * The fastest plan. Plans whose intervals overlap those of all others that may be it are as fast as far as the machine can
 * tell: of those the one with most units quantized is taken, then the smaller file. None is taken that was slower than
 * float.
 */
export function fastestOf<C extends Contender>(contenders: readonly C[]): Decision<C> {
  const faster = contenders.filter(({ ratio }) => ratio < 1);
  if (faster.length === 0) return { chosen: undefined, notes: ['no plan that holds the floor runs faster than float'] };
  const bound = Math.min(...faster.map(({ high }) => high));
  const tied = faster.filter(({ low }) => low <= bound);
  const chosen = tied.reduce((best, each) => (before(each, best) ? each : best));
  return { chosen, notes: [...tieNote(chosen, tied), ...doubtNote(chosen)] };
}

function before(one: Contender, other: Contender): boolean {
  if (one.quantized !== other.quantized) return one.quantized > other.quantized;
  return one.bytes !== other.bytes ? one.bytes < other.bytes : one.ratio < other.ratio;
}

function tieNote(chosen: Contender, tied: readonly Contender[]): readonly string[] {
  const others = tied.filter((each) => each !== chosen);
  if (others.length === 0) return [];
  const told = others.map((each) => `${each.name} (${interval(each)})`).join(', ');
  return [`as fast within noise: ${told}; ${chosen.name} (${interval(chosen)}) ${advantage(chosen, others)}`];
}

function advantage(chosen: Contender, others: readonly Contender[]): string {
  if (others.every(({ quantized }) => quantized < chosen.quantized)) return 'quantizes most units';
  const equals = others.filter(({ quantized }) => quantized === chosen.quantized);
  return equals.every(({ bytes }) => bytes > chosen.bytes) ? 'takes fewest bytes' : 'has the least median';
}

/** Whether the plan is faster than float at all. */
function doubtNote({ name, low, high }: Contender): readonly string[] {
  return high < 1 ? [] : [`${name} is no faster than float within noise (${interval({ low, high })} of its time)`];
}

function interval({ low, high }: Pick<Contender, 'low' | 'high'>): string {
  return `${significant(low)} .. ${significant(high)}`;
}
