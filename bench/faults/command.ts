/** bitloom as a process of its own, which can be watched and ended. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Subject } from './subject.js';

/** Where one run keeps everything; each may lie on a disk of its own. */
export interface Place {
  readonly cache: string;
  readonly scratch: string;
  readonly out: string;
}

export function placeIn(folder: string): Place {
  return { cache: join(folder, 'cache'), scratch: join(folder, 'scratch'), out: join(folder, 'out') };
}

/** What is started: `entry` is the command line's module, `node` goes before it. */
export interface Start {
  readonly entry: string;
  readonly subject: Subject;
  readonly place: Place;
  readonly node?: readonly string[];
  readonly options?: readonly string[];
}

/** A line of `--json-progress`. */
export interface Report {
  readonly event: string;
  readonly stage?: string;
}

export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  /** What was said on stderr beside the progress. */
  readonly said: string;
  readonly seconds: number;
}

export interface Running {
  readonly process: ChildProcess;
  readonly pid: number;
  /** Calls `listener` with every line of progress from now on. */
  onReport(listener: (report: Report) => void): void;
  readonly ended: Promise<Ended>;
}

/** Starts `quantize`; results go over an output folder that is there. */
export function start({ entry, subject, place, node = [], options = [] }: Start): Running {
  mkdirSync(place.scratch, { recursive: true });
  const files = ['--data', subject.data, '--out', place.out, '--cache', place.cache];
  const asked = [...subject.options, '--threads', '1', '--json-progress', '--overwrite', ...options];
  const child = spawn(process.execPath, [...node, entry, 'quantize', subject.model, ...files, ...asked], {
    env: { ...process.env, TMPDIR: place.scratch },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${process.execPath} could not be started`);
  const listeners: ((report: Report) => void)[] = [];
  const ended = follow(child, (report) => {
    for (const listener of listeners) listener(report);
  });
  return { process: child, pid, ended, onReport: (listener) => void listeners.push(listener) };
}

/** Runs `quantize` to its end. */
export function run(what: Start): Promise<Ended> {
  return start(what).ended;
}

/** Resolves when a stage begins; never where it does not. */
export function begins(running: Running, stage: string): Promise<void> {
  return new Promise((resolve) => {
    running.onReport((report) => {
      if (report.event === 'stage' && report.stage === stage) resolve();
    });
  });
}

async function follow(child: ChildProcess, onReport: (report: Report) => void): Promise<Ended> {
  const startedMs = performance.now();
  const said: string[] = [];
  if (child.stderr) {
    createInterface({ input: child.stderr }).on('line', (line) => {
      const report = parse(line);
      if (report) onReport(report);
      if (!report || report.event === 'note') said.push(line);
    });
  }
  return new Promise((resolve) => {
    child.once('close', (status, signal) =>
      resolve({ status, signal, said: said.join('\n'), seconds: (performance.now() - startedMs) / 1000 }),
    );
  });
}

/** A process that is killed may leave half a line. */
function parse(line: string): Report | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const report: unknown = JSON.parse(line);
    return isReport(report) ? report : undefined;
  } catch {
    return undefined;
  }
}

function isReport(report: unknown): report is Report {
  return typeof report === 'object' && report !== null && 'event' in report && typeof report.event === 'string';
}
