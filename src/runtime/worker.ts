/**
 * Entry point of a worker process: imports a job's module, runs its default export, forwards its events. One job at a
 * time; ends itself when the parent is gone: after the native call that it is in, or at once where a guard stands.
 */
import type { JobHandler } from './job.js';
import { type FromWorker, failureOf, type ToWorker, type Wear } from './messages.js';
import { sessionsOpened } from './opened.js';
import { startGuard } from './start-guard.js';

/** The parent's two arguments where memory is limited. */
const [share, pipe] = process.argv.slice(2).map(Number);
const guarded = share === undefined ? Promise.resolve() : startGuard({ share, pipe });

let current: AbortController | undefined;

process.on('message', (message: ToWorker) => {
  if (message.kind === 'abort') current?.abort();
  else void run(message.module, message.input);
});
process.on('disconnect', () => process.exit(0));

async function run(module: string, input: unknown): Promise<void> {
  const controller = new AbortController();
  current = controller;
  try {
    const [handler] = await Promise.all([handlerOf(module), guarded]);
    const output = await handler(input, { emit: (event) => send({ kind: 'event', event }), signal: controller.signal });
    send({ kind: 'done', output, wear: wear() });
  } catch (error) {
    send({ kind: 'failed', failure: failureOf(error), wear: wear() });
  }
}

function wear(): Wear {
  const memory = { now: process.memoryUsage.rss(), peak: 1024 * process.resourceUsage().maxRSS };
  return { memory, sessions: sessionsOpened() };
}

async function handlerOf(module: string): Promise<JobHandler<unknown, unknown, unknown>> {
  const loaded: { readonly default?: unknown } = await import(module);
  if (!isHandler(loaded.default)) throw new TypeError(`${module} has no function as its default export`);
  return loaded.default;
}

function isHandler(value: unknown): value is JobHandler<unknown, unknown, unknown> {
  return typeof value === 'function';
}

function send(message: FromWorker): void {
  process.send?.(message);
}
