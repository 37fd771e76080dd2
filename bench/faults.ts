/**
 * Kills a run that searches at a hundred moments and resumes it each time, then fills its disks in every stage:
 * `npx tsx bench/faults.ts [--kills N] [--seed N]`. Fails where the result is not that of the run that nobody disturbed,
 * or a result was computed twice.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { random } from '../src/kernel/random.js';
import { placeIn, run, type Start } from './faults/command.js';
import { canMount } from './faults/disks.js';
import { countResults, equalBytes, faultsOf, type ResultBytes, resultBytes } from './faults/evidence.js';
import { type DiskFilled, fillDisks } from './faults/fill-disks.js';
import { freeze } from './faults/frozen.js';
import { clear, killUntilDone, type Moment, momentsOver } from './faults/kills.js';
import { writeSubject } from './faults/subject.js';

const { values } = parseArgs({
  options: { kills: { type: 'string', default: '100' }, seed: { type: 'string', default: '1' } },
});
const wanted = Number(values.kills);
const startedMs = performance.now();
const folder = mkdtempSync(join(tmpdir(), 'bitloom-faults-'));

interface Total {
  readonly kills: number;
  readonly runs: number;
  readonly kept: number;
  readonly repeated: number;
  readonly survivors: number;
  readonly unequal: number;
  readonly faults: readonly string[];
}

try {
  const what: Start = {
    entry: await freeze(join(folder, 'bitloom')),
    subject: writeSubject(join(folder, 'subject'), 'searched'),
    place: placeIn(join(folder, 'place')),
  };
  const { bytes, seconds } = await undisturbed(what);
  console.log(`undisturbed: ${seconds.toFixed(1)} s, ${countResults(what.place).kept} rows`);
  const moments = momentsOver(1000 * seconds, random(Number(values.seed)));
  let total: Total = { kills: 0, runs: 0, kept: 0, repeated: 0, survivors: 0, unequal: 0, faults: [] };
  while (total.kills < wanted) total = await oneRun(what, moments, bytes, total);
  const disks = canMount() ? await fillDisks(what, bytes) : [];
  print(total, disks);
  const wrong = [...total.faults, ...disks.filter(({ fault }) => fault !== undefined)];
  process.exitCode = total.repeated + total.survivors + total.unequal + wrong.length > 0 ? 1 : 0;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function undisturbed(what: Start): Promise<{ readonly bytes: ResultBytes; readonly seconds: number }> {
  const { status, said, seconds } = await run(what);
  if (status !== 0) throw new Error(`the run that nobody disturbed ended with status ${status}: ${said}`);
  return { bytes: resultBytes(what.place), seconds };
}

/** One run from nothing to its end, through as many kills as come in between. */
async function oneRun(what: Start, moments: Iterator<Moment>, bytes: ResultBytes, before: Total): Promise<Total> {
  clear(what);
  const { kills, survivors, last } = await killUntilDone(what, moments, wanted - before.kills);
  if (last.status !== 0) throw new Error(`a run resumed ended with status ${last.status}: ${last.said}`);
  const { kept, repeated } = countResults(what.place);
  const equal = equalBytes(resultBytes(what.place), bytes);
  const faults = faultsOf(what.place);
  console.log(
    `${before.kills + kills} kills: this run ${kills}, bytes ${equal ? 'equal' : 'DIFFER'}, ${repeated} repeated`,
  );
  for (const fault of faults) console.log(`  ${fault}`);
  return {
    kills: before.kills + kills,
    runs: before.runs + 1,
    kept: before.kept + kept,
    repeated: before.repeated + repeated,
    survivors: before.survivors + survivors,
    unequal: before.unequal + (equal ? 0 : 1),
    faults: [...before.faults, ...faults],
  };
}

function print({ kills, runs, kept, repeated, survivors, unequal, faults }: Total, disks: readonly DiskFilled[]): void {
  const seconds = (performance.now() - startedMs) / 1000;
  console.log(`
kills survived        ${kills}, over ${runs} runs
bytes equal           ${runs - unequal} of ${runs} results
results repeated      ${repeated} of ${kept} rows
workers left over     ${survivors}
other faults          ${faults.length}
disks filled          ${disks.length}, ${disks.filter(({ refused }) => refused).length} ended the run, ${disks.filter(({ fault }) => fault).length} not survived
seconds               ${seconds.toFixed(0)}
${new Date().toISOString().slice(0, 10)}, ${cpus()[0]?.model}, ${availableParallelism()} threads, Node.js ${process.version}`);
}
