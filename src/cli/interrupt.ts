import { existsSync } from 'node:fs';
import type { ProgressView } from './progress.js';

const INTERRUPTED = 130;

/** On Ctrl-C: says how far the run came and what it left, and ends at once. Worker processes end with this one. */
export function onInterrupt(progress: ProgressView, options: { readonly out?: unknown }): void {
  const out = typeof options.out === 'string' ? options.out : undefined;
  const before = out !== undefined && existsSync(out);
  process.once('SIGINT', () => {
    const stage = progress.current();
    progress.abandon();
    console.error(`interrupted${stage ? ` in ${stage}` : ''}; ${leftBehind(out, before)}`);
    process.exit(INTERRUPTED);
  });
}

function leftBehind(out: string | undefined, before: boolean): string {
  if (out === undefined) return 'nothing was written';
  if (!existsSync(out)) return `nothing was written to ${out}`;
  return before ? `${out} was there before and may be partly replaced` : `${out} may be incomplete: remove it`;
}
