import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { afterAll, vi } from 'vitest';

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ChildEnded extends Ended {
  /** What the command left in its folder for temporary files. */
  readonly leftovers: readonly string[];
}

/** Runs the command line as a user does, with a folder of its own for temporary files. */
export async function bitloom(...args: readonly string[]): Promise<ChildEnded> {
  const scratch = mkdtempSync(join(tmpdir(), 'bitloom-cli-scratch-'));
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', ...args], {
    env: { ...process.env, TMPDIR: scratch, COLUMNS: '80' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.stderr += text;
  });
  try {
    const [status] = await once(child, 'close');
    // tsx keeps a cache and a pipe of its own there.
    const leftovers = readdirSync(scratch).filter((name) => !name.startsWith('tsx-'));
    return { status, ...said, leftovers };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/**
 * Runs a command in this process, which spares the start of another: one at a time, and not for what commander itself
 * refuses, for that ends the process.
 */
export async function inProcess(command: Command, ...args: readonly string[]): Promise<Ended> {
  const said = { stdout: '', stderr: '' };
  const into = (stream: keyof typeof said) => (text: unknown) => {
    said[stream] += text;
    return true;
  };
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation(into('stdout')),
    vi.spyOn(process.stderr, 'write').mockImplementation(into('stderr')),
    vi.spyOn(console, 'error').mockImplementation((text) => void into('stderr')(`${text}\n`)),
  ];
  const environment = { ...process.env };
  process.exitCode = undefined;
  try {
    await command.parseAsync(args, { from: 'user' });
    return { status: Number(process.exitCode ?? 0), ...said };
  } finally {
    for (const spy of spies) spy.mockRestore();
    for (const name of TEMPORARY) restore(name, environment[name]);
    for (const listener of process.listeners('SIGINT').slice(signals)) process.off('SIGINT', listener);
    process.exitCode = undefined;
  }
}

/** Where a command keeps its temporary files: it sets these for itself and its workers. */
const TEMPORARY = ['TMPDIR', 'TMP', 'TEMP'];
const signals = process.listeners('SIGINT').length;

function restore(name: string, before: string | undefined): void {
  if (before === undefined) delete process.env[name];
  else process.env[name] = before;
}

/** A folder that goes when the file's tests have run. */
export function temporaryFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `bitloom-${name}-`));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
