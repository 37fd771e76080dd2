/** Small disks that can be filled: file systems in memory, which only root may mount. */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { begins, type Ended, type Start, start } from './command.js';

export interface Disk {
  readonly folder: string;
  /** Takes all space that is free. */
  fill(): void;
  /** Gives it back. */
  free(): void;
  unmount(): void;
}

export function mountDisk(folder: string, mebibytes: number): Disk {
  mkdirSync(folder, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', folder], { stdio: 'pipe' });
  const filler = join(folder, 'filler');
  return {
    folder,
    fill: () => append(filler),
    free: () => rmSync(filler, { force: true }),
    unmount: () => void execFileSync('umount', ['--lazy', folder], { stdio: 'pipe' }),
  };
}

export function canMount(): boolean {
  const folder = join(tmpdir(), `bitloom-mount-${process.pid}`);
  try {
    mountDisk(folder, 1).unmount();
    return true;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Fills the disk when the stage begins, and keeps it full to the end: what the run gives back is taken at once. */
export async function runUntilFull(what: Start, disk: Disk, stage: string): Promise<Ended> {
  const running = start(what);
  await Promise.race([begins(running, stage), running.ended]);
  const timer = setInterval(() => disk.fill(), AGAIN_MS);
  disk.fill();
  try {
    return await running.ended;
  } finally {
    clearInterval(timer);
  }
}

const AGAIN_MS = 20;

const BLOCK = Buffer.alloc(64 * 1024, 1);

function append(file: string): void {
  const descriptor = openSync(file, 'a');
  try {
    for (let size = BLOCK.length; size >= 1; ) {
      if (!wrote(descriptor, size)) size = Math.floor(size / 4);
    }
  } finally {
    closeSync(descriptor);
  }
}

function wrote(descriptor: number, size: number): boolean {
  try {
    return writeSync(descriptor, BLOCK, 0, size) > 0;
  } catch {
    return false;
  }
}
