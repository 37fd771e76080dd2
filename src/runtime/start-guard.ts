import { once } from 'node:events';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Guarded } from './guard.js';

/** Starts the guard's thread and resolves when it runs. */
export async function startGuard(guarded: Guarded): Promise<void> {
  const extension = extname(import.meta.url);
  const entry = new URL(`./guard${extension}`, import.meta.url);
  const thread = new Worker(extension === '.ts' ? throughLoader(entry) : entry, { workerData: guarded });
  await once(thread, 'online');
}

/** tsx heeds `--import` in main threads only: a thread that runs sources must register it itself. */
function throughLoader(entry: URL): URL {
  const loader = import.meta.resolve('tsx/esm/api');
  const code = `import { register } from '${loader}'; register(); await import('${entry.href}');`;
  return new URL(`data:text/javascript,${encodeURIComponent(code)}`);
}
