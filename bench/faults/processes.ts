/** Processes as Linux shows them under /proc. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export const canSeeProcesses = existsSync('/proc/self/task');

/** The processes that `pid` started, theirs included. */
export function descendants(pid: number): readonly number[] {
  const own = childrenOf(pid);
  return [...own, ...own.flatMap(descendants)];
}

/** Waits until a worker process of `pid` computes, and answers with its id. */
export async function busyWorker(pid: number): Promise<number> {
  for (;;) {
    const busy = descendants(pid).find((child) => commandOf(child).includes('worker') && isComputing(child));
    if (busy !== undefined) return busy;
    await sleep(2);
  }
}

/** Those that still run after `ms`; a native call may have to end first. */
export async function survivors(pids: readonly number[], ms: number): Promise<readonly number[]> {
  const until = performance.now() + ms;
  for (;;) {
    const left = pids.filter(isAlive);
    if (left.length === 0 || performance.now() > until) return left;
    await sleep(10);
  }
}

/** Every thread of a process may have started children. */
function childrenOf(pid: number): readonly number[] {
  return listed(`/proc/${pid}/task`).flatMap((thread) =>
    read(`/proc/${pid}/task/${thread}/children`).split(' ').filter(Boolean).map(Number),
  );
}

function isComputing(pid: number): boolean {
  return listed(`/proc/${pid}/task`).some((thread) => stateOf(`/proc/${pid}/task/${thread}/stat`) === 'R');
}

/** One that has ended waits as a zombie until its parent has heard of it. */
function isAlive(pid: number): boolean {
  return !['', 'Z', 'X'].includes(stateOf(`/proc/${pid}/stat`));
}

/** The letter after the command's name, which stands in parentheses: proc(5). */
function stateOf(file: string): string {
  const text = read(file);
  return text.slice(text.lastIndexOf(')') + 2, text.lastIndexOf(')') + 3);
}

function commandOf(pid: number): string {
  return read(`/proc/${pid}/cmdline`);
}

function listed(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
