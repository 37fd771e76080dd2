import { basename } from 'node:path';
import { BitloomError } from '../kernel/errors.js';
import type { Ending } from './child.js';

/** How a job's process was lost. */
export type Death =
  | { readonly kind: 'crashed'; readonly code: number | null; readonly signal: NodeJS.Signals | null }
  | { readonly kind: 'out-of-memory'; readonly held: number | undefined; readonly share: number | undefined }
  | { readonly kind: 'silent'; readonly ms: number };

export function deathOf({ code, signal, outOfMemory, held }: Ending, share: number | undefined): Death {
  return outOfMemory ? { kind: 'out-of-memory', held, share } : { kind: 'crashed', code, signal };
}

const CODES = {
  crashed: 'worker-crashed',
  'out-of-memory': 'worker-out-of-memory',
  silent: 'worker-silent',
} as const;

/** Why a job is given up, after one death or several; the last one decides the code and the hint. */
export function deathError(module: string, what: string | undefined, deaths: readonly Death[]): BitloomError {
  const last = deaths[deaths.length - 1];
  const job = `the job ${jobName(module)}${what === undefined ? '' : ` (${what})`}`;
  return new BitloomError({
    kind: 'runtime',
    code: CODES[last.kind],
    message: `the process that ran ${job} ${deaths.map(describe).join('; run again in a new process, it ')}`,
    hint: hintFor(last),
  });
}

function describe(death: Death): string {
  switch (death.kind) {
    case 'crashed':
      return death.signal ? `was ended by ${death.signal}` : `ended with exit code ${death.code}`;
    case 'out-of-memory':
      return `ran out of memory${sizes(death)}`;
    case 'silent':
      return `gave no sign of life for ${death.ms / 1000} s`;
  }
}

function sizes({ held, share }: Extract<Death, { kind: 'out-of-memory' }>): string {
  if (share === undefined) return '';
  const limit = `its share was ${mebibytes(share)}`;
  return held === undefined ? `: ${limit}` : `: it held ${mebibytes(held)}, ${limit}`;
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}

function hintFor(death: Death): string {
  if (death.kind === 'silent') return 'a job whose single runs take this long needs a smaller batch or a longer limit';
  if (death.kind === 'out-of-memory') return 'fewer workers, or a higher memory limit, may help';
  if (death.signal === 'SIGKILL') return 'the system may have been short of memory: fewer workers may help';
  return 'its last words are on stderr';
}

export function closedError(module: string): BitloomError {
  const message = `the job ${jobName(module)} did not finish: its executor was closed`;
  return new BitloomError({ kind: 'runtime', code: 'executor-closed', message });
}

function jobName(module: string): string {
  return basename(module).replace(/(-job)?\.[cm]?[jt]s$/, '');
}
