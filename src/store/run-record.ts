import type { Database } from './database.js';
import type { Json } from './result-kind.js';

/** What a run does, for people and for `bitloom cache`. */
export interface RunAbout {
  readonly id: string;
  readonly command: string;
  /** `hash` tells whether a folder holds a run of this very model. */
  readonly model: { readonly path: string; readonly hash: string };
  readonly settings: Json;
  readonly versions?: Json;
}

export type RunStatus = 'running' | 'finished' | 'interrupted' | 'failed';

/** Files of a run's folder. */
export const RUN_FILES = { lock: 'run.lock', database: 'run.sqlite', artifacts: 'artifacts' } as const;

export interface RunRecord {
  readonly about: Pick<RunAbout, 'id' | 'command' | 'model'>;
  readonly status: RunStatus;
  /** When something was last measured or the run ended, by the clock of that time. */
  readonly updated: string;
}

/** What a run's database says of the run, if it says it. */
export function readRun(database: Database): RunRecord | undefined {
  const [row] = database.all(
    'SELECT about, status, max(updated, coalesce((SELECT max(seen) FROM results), updated)) AS updated FROM run',
  );
  if (!row || typeof row.about !== 'string' || !isStatus(row.status)) return undefined;
  const about: unknown = JSON.parse(row.about);
  return isAbout(about) ? { about, status: row.status, updated: String(row.updated) } : undefined;
}

/** Says what runs now, over what the database said before. */
export function writeRun(database: Database, about: RunAbout, at: string): void {
  const started = database.all('SELECT started FROM run')[0]?.started;
  database.run('DELETE FROM run');
  database.run("INSERT INTO run(about, status, started, updated) VALUES (?1, 'running', ?2, ?3)", [
    JSON.stringify(about),
    typeof started === 'string' ? started : at,
    at,
  ]);
}

export function setStatus(database: Database, status: RunStatus, at: string): void {
  database.run('UPDATE run SET status = ?1, updated = ?2', [status, at]);
}

const STATUSES: readonly unknown[] = ['running', 'finished', 'interrupted', 'failed'] satisfies RunStatus[];

function isStatus(value: unknown): value is RunStatus {
  return STATUSES.includes(value);
}

function isAbout(value: unknown): value is RunRecord['about'] {
  if (!hasFields(value, 'id', 'command', 'model')) return false;
  return hasFields(value.model, 'path', 'hash') && [value.id, value.command].every((text) => typeof text === 'string');
}

function hasFields<K extends string>(value: unknown, ...names: readonly K[]): value is Record<K, unknown> {
  return typeof value === 'object' && value !== null && names.every((name) => name in value);
}
