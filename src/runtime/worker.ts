/**
 * Entry point of a worker process: imports a job's module, runs its default export, forwards its events. One job at a
 * time; ends itself when the parent is gone.
 */
import type { JobHandler } from './job.js';
import { type FromWorker, failureOf, type Memory, type ToWorker } from './messages.js';

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
    const handler = await handlerOf(module);
    const output = await handler(input, { emit: (event) => send({ kind: 'event', event }), signal: controller.signal });
    send({ kind: 'done', output, memory: memory() });
  } catch (error) {
    send({ kind: 'failed', failure: failureOf(error), memory: memory() });
  }
}

function memory(): Memory {
  return { now: process.memoryUsage.rss(), peak: 1024 * process.resourceUsage().maxRSS };
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
