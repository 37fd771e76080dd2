/** Fills each disk of a run in each stage, makes space again, and holds what comes out to the undisturbed run's bytes. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Place, run, type Start } from './command.js';
import { type Disk, mountDisk, runUntilFull } from './disks.js';
import { equalBytes, faultsOf, type ResultBytes, resultBytes } from './evidence.js';
import { clear, STAGE_NAMES } from './kills.js';

export interface DiskFilled {
  readonly disk: keyof Place;
  readonly stage: string;
  /** Whether the run ended because of it: a stage that writes nothing there ends well. */
  readonly refused: boolean;
  /** What was wrong; nothing where all is well. */
  readonly fault: string | undefined;
}

const MEBIBYTES = 32;
const DISKS: readonly (keyof Place)[] = ['cache', 'scratch', 'out'];

export async function fillDisks(what: Start, bytes: ResultBytes): Promise<readonly DiskFilled[]> {
  const filled: DiskFilled[] = [];
  for (const name of DISKS) {
    for (const stage of STAGE_NAMES) {
      clear(what);
      const disk = mountDisk(`${what.place[name]}-disk`, MEBIBYTES);
      try {
        const place = { ...what.place, [name]: join(disk.folder, name) };
        filled.push({ disk: name, stage, ...(await fillAt({ ...what, place }, disk, stage, bytes)) });
      } finally {
        disk.unmount();
      }
      console.log(describe(filled[filled.length - 1]));
    }
  }
  return filled;
}

async function fillAt(what: Start, disk: Disk, stage: string, bytes: ResultBytes) {
  const { status, said } = await runUntilFull(what, disk, stage);
  const refused = status !== 0;
  if (refused && !said.includes('the disk is full')) return { refused, fault: `unclear: ${said}` };
  if (refused && existsSync(what.place.out)) return { refused, fault: 'a result was written all the same' };
  disk.free();
  const again = await run(what);
  if (again.status !== 0) return { refused, fault: `with space again: ${again.said}` };
  if (!equalBytes(resultBytes(what.place), bytes)) return { refused, fault: 'bytes differ' };
  return { refused, fault: faultsOf(what.place)[0] };
}

function describe({ disk, stage, refused, fault }: DiskFilled): string {
  return `${disk} full from ${stage} on: ${refused ? 'said so' : 'not needed'}, then ${fault ?? 'bytes equal'}`;
}
