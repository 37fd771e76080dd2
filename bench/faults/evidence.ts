/** What a run left: its result, its databases, and what it should have taken away. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { openDatabase } from '../../src/store/database.js';
import type { Place } from './command.js';

/** The files that must be equal, byte for byte. The report is none of them: it tells times. */
export const RESULT_FILES = ['plan.json', 'model.onnx'] as const;

export type ResultBytes = readonly Buffer[];

export function resultBytes({ out }: Place): ResultBytes {
  return RESULT_FILES.map((name) => readFileSync(join(out, name)));
}

export function equalBytes(a: ResultBytes, b: ResultBytes): boolean {
  return a.length === b.length && a.every((bytes, i) => bytes.equals(b[i]));
}

/** Everything that is wrong with what a run left, a line each; none where all is well. */
export function faultsOf(place: Place): readonly string[] {
  return [...databasesOf(place).flatMap(databaseFaults), ...leftovers(place).map((path) => `${path} was left behind`)];
}

/** Results kept in all databases of a place, and how many of them were computed more than once. */
export function countResults(place: Place): { readonly kept: number; readonly repeated: number } {
  const counts = databasesOf(place).map((file) => ({
    kept: numberIn(file, 'SELECT count(*) AS n FROM results'),
    repeated: numberIn(file, 'SELECT count(*) AS n FROM results WHERE computed > 1'),
  }));
  const total = (name: 'kept' | 'repeated') => counts.reduce((sum, each) => sum + each[name], 0);
  return { kept: total('kept'), repeated: total('repeated') };
}

/** The folder of the only run of a place. */
export function runFolderOf({ cache }: Place): string {
  const runs = join(cache, 'runs');
  return join(runs, readdirSync(runs)[0]);
}

export function cacheDatabase({ cache }: Place): string {
  return join(cache, 'results.sqlite');
}

export function runDatabase(place: Place): string {
  return join(runFolderOf(place), 'run.sqlite');
}

function databasesOf(place: Place): readonly string[] {
  return [cacheDatabase(place), runDatabase(place)];
}

function databaseFaults(file: string): readonly string[] {
  const database = openDatabase(file, { owner: 'run', busyMs: 1000 });
  try {
    const [check] = database.all('PRAGMA quick_check');
    const repeated = database.all('SELECT kind, key, computed FROM results WHERE computed > 1');
    return [
      ...(check?.quick_check === 'ok' ? [] : [`${file}: ${JSON.stringify(check)}`]),
      ...repeated.map((row) => `${file}: computed ${row.computed} times: ${row.kind} ${row.key}`),
    ];
  } finally {
    database.close();
  }
}

function numberIn(file: string, query: string): number {
  const database = openDatabase(file, { owner: 'run', busyMs: 1000 });
  try {
    return Number(database.all(query)[0]?.n);
  } finally {
    database.close();
  }
}

/**
 * Files under temporary names, beside what they were to become. Those in the cache's own folder may be another process's:
 * pruning takes them away when they are an hour old.
 */
function leftovers({ cache, out, scratch }: Place): readonly string[] {
  const partial = listed(cache).filter((file) => /^runs\/.*\/partial\/.|\.new$|\.damaged/.test(file));
  const beside = listed(dirname(out), false).filter((file) => file.startsWith(`.${basename(out)}-`));
  return [
    ...partial.map((file) => join(cache, file)),
    ...beside.map((file) => join(dirname(out), file)),
    ...listed(scratch, false).map((file) => join(scratch, file)),
  ];
}

function listed(folder: string, recursive = true): readonly string[] {
  return existsSync(folder) ? readdirSync(folder, { recursive, encoding: 'utf8' }) : [];
}
