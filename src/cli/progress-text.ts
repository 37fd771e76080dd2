import { duration, rate, roughly, shortened } from '../report/format.js';
import { type Counted, type StageFacts, withoutRemaining } from './stage-facts.js';

const MOST_BAR_CELLS = 20;
/** Stages are named in a word, but for those that name a file too. */
const STAGE_WIDTH = 11;
/** Nothing is cut below this: what is left of it would tell nothing. */
const SHORTEST = 6;

/** `search      ████████░░░░  12/40, 1.5/min, at most 19 min left, 12 w8a8, best 50 w8a8, 3 float`. */
export function barLine({ stage, counted }: StageFacts, width: number): string {
  return fitted(width, (longest) => {
    const name = shortened(stage, longest).padEnd(STAGE_WIDTH);
    return counted ? `${name} ${bar(counted, longest)} ${describeCounted(counted, longest)}` : name;
  });
}

/** `search: 12/40, 1.5/min, at most 19 min left`. */
export function plainLine({ stage, counted }: StageFacts, width: number): string {
  return fitted(width, (longest) => sentence(stage, counted ? describeCounted(counted, longest) : '', longest));
}

/** `search: 31/40, 1.5/min, best 50 w8a8, 3 float, 20 min 12 s`; the time is what the whole stage took. */
export function endLine({ stage, seconds, counted }: StageFacts, width: number): string {
  return fitted(width, (longest) => {
    const told = counted ? [describeCounted(withoutRemaining(counted), longest)] : [];
    return sentence(stage, [...told, duration(seconds)].join(', '), longest);
  });
}

function sentence(stage: string, rest: string, longest: number): string {
  return `${shortened(stage, longest)}: ${rest}`;
}

function bar({ done, total }: Counted, longest: number): string {
  const cells = Math.min(MOST_BAR_CELLS, longest);
  const filled = total > 0 ? Math.min(cells, Math.floor((cells * done) / total)) : 0;
  return '█'.repeat(filled) + '░'.repeat(cells - filled);
}

function describeCounted(counted: Counted, longest: number): string {
  const { done, total, atMost, remainingSeconds, note, best } = counted;
  const left =
    remainingSeconds === undefined ? undefined : `${atMost ? 'at most ' : ''}${roughly(remainingSeconds)} left`;
  return [
    `${Number.isInteger(done) ? done : done.toFixed(1)}/${total}`,
    counted.rate !== undefined && rate(counted.rate),
    left,
    note && shortened(note, longest),
    best && `best ${shortened(best, longest)}`,
  ]
    .filter(Boolean)
    .join(', ');
}

/** The line in which no part is longer than need be: the longest parts give way first. */
function fitted(width: number, line: (longest: number) => string): string {
  for (let longest = width; longest > SHORTEST; longest--) {
    const text = line(longest);
    if (text.length <= width) return text;
  }
  return line(SHORTEST).slice(0, width);
}
