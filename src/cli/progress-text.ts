import { duration, rate, roughly, shortened } from '../report/format.js';
import { type Counted, type StageFacts, withoutRemaining } from './stage-facts.js';

const BAR_CELLS = { most: 20, least: 5 } as const;
/** Stages are named in a word, but for those that name a file too. */
const STAGE_WIDTH = 11;
/** No text is cut below this: what is left of it would tell nothing. */
const SHORTEST_TEXT = 6;

/** `search      ████████░░░░  12/40, 1.5/min, at most 19 min left, 12 w8a8, best 50 w8a8, 3 float`. */
export function barLine({ stage, counted }: StageFacts, width: number): string {
  return fitted(width, ({ text, cells }) => {
    const name = shortened(stage, text).padEnd(STAGE_WIDTH);
    return counted ? `${name} ${bar(counted, cells)} ${describeCounted(counted, text)}` : name;
  });
}

/** `search: 12/40, 1.5/min, at most 19 min left`. */
export function plainLine({ stage, counted }: StageFacts, width: number): string {
  return fitted(width, ({ text }) => sentence(stage, counted ? describeCounted(counted, text) : '', text));
}

/** `search: 31/40, 1.5/min, best 50 w8a8, 3 float, 20 min 12 s`; the time is what the whole stage took. */
export function endLine({ stage, seconds, counted }: StageFacts, width: number): string {
  return fitted(width, ({ text }) => {
    const told = counted ? [describeCounted(withoutRemaining(counted), text)] : [];
    return sentence(stage, [...told, duration(seconds)].join(', '), text);
  });
}

function sentence(stage: string, rest: string, longest: number): string {
  return `${shortened(stage, longest)}: ${rest}`;
}

function bar({ done, total }: Counted, cells: number): string {
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

/** How much room a line gives its parts: at most so many columns to a piece of text, and to the bar. */
interface Room {
  readonly text: number;
  readonly cells: number;
}

/** From most to least: first long texts give way, then the bar, then what text is left. */
function* rooms(width: number): Generator<Room> {
  for (let text = width; text > BAR_CELLS.most; text--) yield { text, cells: BAR_CELLS.most };
  for (let cells = BAR_CELLS.most; cells > BAR_CELLS.least; cells--) yield { text: BAR_CELLS.most, cells };
  for (let text = BAR_CELLS.most; text > SHORTEST_TEXT; text--) yield { text, cells: BAR_CELLS.least };
}

/** The first line that fits `width` as its parts give way. */
function fitted(width: number, line: (room: Room) => string): string {
  for (const room of rooms(width)) {
    const text = line(room);
    if (text.length <= width) return text;
  }
  return line({ text: SHORTEST_TEXT, cells: BAR_CELLS.least }).slice(0, width);
}
