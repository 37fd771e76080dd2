/**
 * A thread of a worker process that ends the process as soon as it holds more memory than its share, or its parent is
 * gone. The main thread cannot: a native call blocks it for as long as it lasts.
 */
import { Socket } from 'node:net';
import { workerData } from 'node:worker_threads';

export interface Guarded {
  /** Bytes that the process may hold. */
  readonly share: number;
  /** Descriptor of the pipe to the parent: what the process held goes there before it ends. */
  readonly pipe: number;
}

/** Native code fills about 1 GB in this time at most; looking costs 10 microseconds. */
const INTERVAL_MS = 100;

function isGuarded(data: unknown): data is Guarded {
  return typeof data === 'object' && data !== null && 'share' in data && 'pipe' in data;
}

function guard({ share, pipe }: Guarded): void {
  const parent = new Socket({ fd: pipe, readable: true, writable: true });
  parent.on('close', end).on('error', end).resume();
  const timer = setInterval(() => {
    const held = process.memoryUsage.rss();
    if (held <= share) return;
    clearInterval(timer);
    parent.write(`${held}\n`, end);
  }, INTERVAL_MS);
}

/** `process.exit` would end this thread only. */
function end(): void {
  process.kill(process.pid, 'SIGKILL');
}

if (isGuarded(workerData)) guard(workerData);
