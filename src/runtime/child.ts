import { type ChildProcess, fork } from 'node:child_process';
import { createRequire } from 'node:module';
import { Socket } from 'node:net';
import { extname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { FromWorker, ToWorker } from './messages.js';

/** How a child process ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly outOfMemory: boolean;
  /** Bytes that it held when its guard ended it. */
  readonly held?: number;
}

/** A worker process. While it holds no job it does not keep this process alive. */
export interface Child {
  send(message: ToWorker): void;
  /** Where messages of the running job go; none while idle. */
  onMessage: ((message: FromWorker) => void) | undefined;
  onEnd: ((ending: Ending) => void) | undefined;
  hold(): void;
  release(): void;
  /** Ends it at once and resolves when it is gone. */
  kill(): Promise<void>;
}

const OUT_OF_MEMORY = /heap out of memory|Allocation failed/;
const TAIL = 4096;

/** The guard's pipe among the child's descriptors, after the four that every child has. */
const PIPE = 4;

/**
 * Starts a worker process. One that takes more than `share` bytes in all is ended by its guard; its JavaScript heap is
 * bounded as well, since that can grow by as much between two looks.
 */
export function startChild(share: number | undefined): Child {
  const extension = extname(fileURLToPath(import.meta.url));
  const entry = fileURLToPath(new URL(`./worker${extension}`, import.meta.url));
  const native = fork(entry, share === undefined ? [] : [String(share), String(PIPE)], {
    serialization: 'advanced',
    execArgv: [...loader(extension), ...heapLimit(share)],
    // What jobs print belongs to nobody's result: stdout of this process stays clean.
    stdio: ['ignore', 2, 'pipe', 'ipc', ...(share === undefined ? [] : ['pipe' as const])],
  });
  return childOf(native);
}

function childOf(native: ChildProcess): Child {
  const errors = forwardErrors(native);
  const held = readGuard(native);
  const gone = new Promise<void>((resolve) => native.once('close', () => resolve()));
  const child: Child = {
    onMessage: undefined,
    onEnd: undefined,
    send: (message) => void native.send(message, ignoreLostChild),
    hold: () => refer(native, 'ref'),
    release: () => refer(native, 'unref'),
    kill: () => {
      refer(native, 'ref');
      native.kill('SIGKILL');
      return gone;
    },
  };
  keepUntilGone(native);
  native.on('message', (message: FromWorker) => child.onMessage?.(message));
  native.on('error', ignoreLostChild);
  native.once('close', (code, signal) => child.onEnd?.(endingOf(code, signal, errors(), held())));
  return child;
}

function endingOf(code: number | null, signal: NodeJS.Signals | null, errors: string, held: number): Ending {
  const outOfMemory = held > 0 || OUT_OF_MEMORY.test(errors);
  return { code, signal, outOfMemory, ...(held > 0 && { held }) };
}

/** The child's end is reported by `close`; a message it did not get is no news beyond that. */
function ignoreLostChild(): void {}

/** Whether this process waits for the child: for its end, its messages and what it prints. */
function refer(native: ChildProcess, how: 'ref' | 'unref'): void {
  native[how]();
  native.channel?.[how]();
  for (const stream of [native.stderr, native.stdio[PIPE]]) if (stream instanceof Socket) stream[how]();
}

/** Passes the child's stderr on and remembers its end, which tells why it died. */
function forwardErrors(native: ChildProcess): () => string {
  let tail = '';
  native.stderr?.setEncoding('utf8').on('data', (text: string) => {
    tail = (tail + text).slice(-TAIL);
    process.stderr.write(text);
  });
  return () => tail;
}

/** What the guard wrote when it ended the child, in bytes; 0 if it did not. */
function readGuard(native: ChildProcess): () => number {
  const pipe = native.stdio[PIPE];
  let text = '';
  if (pipe instanceof Socket)
    pipe
      .setEncoding('utf8')
      .on('data', (part) => (text += part))
      .on('error', ignoreLostChild);
  return () => Number(text);
}

/** Sources run as .ts need a loader; built code does not. What this process was told to import, its children are too. */
function loader(extension: string): readonly string[] {
  const inherited = process.execArgv.flatMap((argument, i, all) =>
    argument === '--import' ? [argument, all[i + 1]] : [],
  );
  if (extension !== '.ts') return inherited;
  return ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href];
}

function heapLimit(bytes: number | undefined): readonly string[] {
  return bytes === undefined ? [] : [`--max-old-space-size=${Math.max(64, Math.floor(bytes / 2 ** 20))}`];
}

const alive = new Set<ChildProcess>();
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** No child outlives this process: not its exit, and not the signals that would end it without an exit event. */
function keepUntilGone(native: ChildProcess): void {
  if (alive.size === 0) watchProcess('on');
  alive.add(native);
  native.once('close', () => {
    alive.delete(native);
    if (alive.size === 0) watchProcess('off');
  });
}

/** Our listeners come first: a listener of the application that is called once would not be counted any more after it. */
function watchProcess(how: 'on' | 'off'): void {
  const change = how === 'on' ? 'prependListener' : 'off';
  process[change]('exit', killAll);
  for (const signal of SIGNALS) process[change](signal, endBySignal);
}

function killAll(): void {
  for (const native of alive) native.kill('SIGKILL');
}

/** Where nobody else handles the signal, this process ends by it as it would have without us. */
function endBySignal(signal: NodeJS.Signals): void {
  killAll();
  if (process.listenerCount(signal) > 1) return;
  process.off(signal, endBySignal);
  process.kill(process.pid, signal);
}
