/**
 * Compares searches: every model of ../shared at 99 % and 99.9 %, by uniform formats, bisection and the frontier.
 *
 *     npx tsx bench/searches/run.ts [--model NAME] [--keep FLOOR] [--cache FOLDER] [--budget MINUTES] [--trace]
 *
 * A finished step is written at once to bench/searches/figures/MODEL.json and left out when run again; what a step
 * measured before it was stopped is in the cache. Wants a quiet machine.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { duration, roughly } from '../../src/report/format.js';
import { CASES, type Case } from '../cases.js';
import { type Clock, createClock } from '../clock.js';
import { noting, tracing } from '../observers.js';
import { FIGURES, type RunFigures, type StepFigures } from './figures.js';
import { type Bench, createBench, measureStep } from './measure.js';

export const FLOORS = ['99%', '99.9%'] as const;

/** What is yet to be measured of one model. */
interface Work {
  readonly subject: Case;
  readonly floors: readonly string[];
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      model: { type: 'string' },
      keep: { type: 'string' },
      cache: { type: 'string', default: join(tmpdir(), 'bitloom-searches') },
      budget: { type: 'string' },
      trace: { type: 'boolean' },
    },
  });
  const { signal, stop } = stopping(values.budget);
  const pending = workFor(values);
  const clock = createClock(
    new Map(
      pending.flatMap(({ subject, floors }) => floors.map((keep) => [nameOf(subject, keep), subject.seconds.searches])),
    ),
  );
  console.log(`${pending.flatMap(({ floors }) => floors).length} steps to measure, about ${roughly(clock.left())}`);
  await mkdir(values.cache, { recursive: true });
  for (const work of pending) {
    if (signal.aborted) break;
    await measureModel(work, { cache: values.cache, observer: values.trace ? tracing : noting, signal }, clock);
  }
  if (signal.aborted) console.log('stopped; the same command goes on from here');
  stop();
}

/** Ends what is under way after `budget` minutes or on Ctrl-C. */
function stopping(budget: string | undefined) {
  const controller = new AbortController();
  const abort = () => controller.abort();
  const timer = budget === undefined ? undefined : setTimeout(abort, Number(budget) * 60_000);
  process.once('SIGINT', abort);
  return { signal: controller.signal, stop: () => clearTimeout(timer) };
}

/** Steps named that are not yet measured, those that take longest last. */
function workFor({ model, keep }: { readonly model?: string; readonly keep?: string }): readonly Work[] {
  const floors = FLOORS.filter((floor) => keep === undefined || floor === keep);
  const named = CASES.filter(({ name }) => model === undefined || name === model);
  if (named.length === 0 || floors.length === 0) {
    throw new Error(`models: ${CASES.map(({ name }) => name).join(', ')}; floors: ${FLOORS.join(', ')}`);
  }
  return [...named]
    .sort((a, b) => a.seconds.searches - b.seconds.searches)
    .map((subject) => {
      const { steps } = FIGURES.read(subject.name);
      return { subject, floors: floors.filter((floor) => !(floor in steps)) };
    })
    .filter((work) => work.floors.length > 0);
}

function nameOf({ name }: Case, keep: string): string {
  return `${name} ${keep}`;
}

async function measureModel(
  { subject, floors }: Work,
  circumstances: Pick<Bench, 'cache' | 'observer' | 'signal'>,
  clock: Clock,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'bitloom-searches-'));
  try {
    const bench = await createBench(subject, { ...circumstances, folder });
    for (const keep of floors) await measured(bench, keep, clock);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A step that fails is said and left open; the others go on. */
async function measured(bench: Bench, keep: string, clock: Clock): Promise<void> {
  const { subject, signal } = bench;
  if (signal.aborted) return;
  const name = nameOf(subject, keep);
  const command = `npx tsx bench/searches/run.ts --model ${subject.name} --keep ${keep}`;
  try {
    const figures = await measureStep(bench, keep, command);
    FIGURES.write(subject.name, keep, figures);
    clock.did(name, figures.seconds);
    for (const line of summary(figures)) console.log(`${name} ${line}`);
    console.log(`${name}: ${duration(figures.seconds)}; about ${roughly(clock.left())} left`);
  } catch (error) {
    if (signal.aborted) return;
    process.exitCode = 1;
    console.error(`${name}: failed`, error);
  }
}

function summary({ uniform, bisection, frontier }: StepFigures): readonly string[] {
  const line = (title: string, { latency, formats, search, floor, stages }: RunFigures) => {
    const took = stages.map((stage) => `${stage.name} ${stage.seconds.toFixed(1)}`).join(', ');
    const speed = `${(1 / latency.ratio).toFixed(2)}x [${(1 / latency.high).toFixed(2)}, ${(1 / latency.low).toFixed(2)}]`;
    return `${title}: ${speed} ${floor.status}, ${JSON.stringify(formats)}, ${search.evaluations} evaluations; ${took}`;
  };
  return [
    ...Object.entries(uniform).map(([format, run]) => line(`uniform ${format}`, run)),
    line('bisection', bisection),
    line('frontier', frontier),
  ];
}

await main();
