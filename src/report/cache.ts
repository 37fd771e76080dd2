import type { CacheListing, KindListing, RunListing } from '../store/describe-cache.js';
import type { Pruned } from '../store/prune.js';
import { bytes, ending, facts, wrapped } from './format.js';

/** What a cache holds, and the most that it may. */
export interface CacheContents extends CacheListing {
  readonly maxBytes: number;
}

const WIDTH = 80;
const RUN_WIDTH = 24;

/** A cache for a terminal of 80 columns. */
export function printCache({ folder, bytes: held, maxBytes, results, runs }: CacheContents): string {
  const total = `${folder}\n  ${bytes(held)}; bounded at ${bytes(maxBytes)} unless --cache-size says otherwise`;
  const blocks = [total, results.length > 0 && sharedTable(results), runs.length > 0 && runTable(runs)];
  return `${blocks.filter(Boolean).join('\n\n')}\n`;
}

/** What pruning freed, or would free. */
export function printPruned({ freedBytes, leftBytes, results, runs, dryRun }: Pruned): string {
  const freed = `${dryRun ? 'would free' : 'freed'} ${bytes(freedBytes)}: ${counted(results, 'shared result')} and ${counted(runs.length, 'run')}`;
  const gone = wrapped(runs.join(', '), WIDTH - 2).flatMap((line) => (line === '' ? [] : [`  ${line}`]));
  return `${[freed, ...gone, `${bytes(leftBytes)} ${dryRun ? 'would be' : 'are'} left`].join('\n')}\n`;
}

function sharedTable(results: readonly KindListing[]): string {
  const rows = results.map(({ kind, rows, bytes: size }) => [kind, String(rows), bytes(size)]);
  return rightAligned([['shared results', 'count', 'size'], ...rows], [1, 2]);
}

function runTable(runs: readonly RunListing[]): string {
  const rows = runs.map(({ id, about, status, rows: kinds, bytes: size, lastUsed }) => [
    ending(id, RUN_WIDTH),
    about?.command ?? '',
    status,
    String(kinds.reduce((sum, { rows }) => sum + rows, 0)),
    bytes(size),
    lastUsed.slice(0, 'yyyy-mm-dd'.length),
  ]);
  return rightAligned([['run', 'command', 'status', 'results', 'size', 'last used'], ...rows], [3, 4]);
}

/** Names may begin with a digit, so the columns of numbers are named. */
function rightAligned(rows: readonly (readonly string[])[], numbers: readonly number[]): string {
  const width = (column: number) => Math.max(...rows.map((row) => row[column].length));
  return facts(rows.map((row) => row.map((cell, i) => (numbers.includes(i) ? cell.padStart(width(i)) : cell))));
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
