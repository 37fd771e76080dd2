/** Where faults are tried: bitloom as it is now, a small run, and what it gives when nobody disturbs it. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect } from 'vitest';
import { type Ended, type Place, placeIn, run, type Start } from '../../bench/faults/command.js';
import { faultsOf, RESULT_FILES, resultBytes } from '../../bench/faults/evidence.js';
import { freeze } from '../../bench/faults/frozen.js';
import { type SubjectSize, writeSubject } from '../../bench/faults/subject.js';

export interface Scene {
  readonly folder: string;
  /** A run from nothing, in a place of its own. */
  fresh(): Start;
  /** A run that goes on from a copy of what the undisturbed one left. */
  finished(): Start;
  /** The undisturbed run's time. */
  readonly seconds: number;
  /** Runs it to its end, which must be that of the undisturbed run, byte for byte; answers with what it said. */
  endsWell(what: Start): Promise<string>;
  expectEqual(place: Place): void;
}

export async function openScene(name: string, size: SubjectSize): Promise<Scene> {
  const folder = mkdtempSync(join(tmpdir(), `bitloom-${name}-`));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const entry = await freeze(join(folder, 'bitloom'));
  const subject = writeSubject(join(folder, 'subject'), size);
  let places = 0;
  const fresh = (): Start => ({ entry, subject, place: placeIn(join(folder, String(places++))) });
  const undisturbed = fresh();
  const first = succeeded(await run(undisturbed));
  const bytes = resultBytes(undisturbed.place);
  const expectEqual = (place: Place) => {
    const found = resultBytes(place);
    for (const [i, file] of RESULT_FILES.entries()) expect(found[i].equals(bytes[i]), file).toBe(true);
  };
  return {
    folder,
    fresh,
    finished() {
      const what = fresh();
      cpSync(undisturbed.place.cache, what.place.cache, { recursive: true });
      return what;
    },
    seconds: first.seconds,
    async endsWell(what) {
      const { said } = succeeded(await run(what));
      expectEqual(what.place);
      return said;
    },
    expectEqual,
  };
}

/** With nothing left behind, and nothing computed twice. */
export function expectClean(place: Place): void {
  expect(faultsOf(place)).toEqual([]);
}

function succeeded(ended: Ended): Ended {
  expect(ended, ended.said).toMatchObject({ status: 0, signal: null });
  return ended;
}
