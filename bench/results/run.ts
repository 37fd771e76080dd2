/**
 * Measures what the README shows: every model of ../shared, every step, with the splits of its MANIFEST.md.
 *
 *     npx tsx bench/results/run.ts [--model NAME] [--only STEP]
 *
 * A finished step is written at once to bench/results/figures/MODEL.json and left out when run again; delete the file to
 * measure its model anew. Wants a quiet machine.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Observer } from '../../src/kernel/observer.js';
import { duration, significant } from '../../src/report/format.js';
import { localExecutor } from '../../src/runtime/executor.js';
import { CASES, type Case } from '../cases.js';
import { type Clock, createClock } from '../clock.js';
import { noting, tracing } from '../observers.js';
import { FIGURES, type StepFigures } from './figures.js';
import { type Bench, createBench, measureStep } from './measure.js';
import { type Step, stepsOf } from './steps.js';

interface Work {
  readonly subject: Case;
  readonly step: Step;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { model: { type: 'string' }, only: { type: 'string' }, trace: { type: 'boolean' } },
  });
  const pending = workFor(values);
  const clock = createClock(
    new Map(pending.map(({ subject, step }) => [nameOf(subject, step), subject.seconds.uniform])),
  );
  console.log(`${pending.length} steps to measure, about ${duration(clock.left())}`);
  for (const subject of CASES) {
    const steps = pending.filter((work) => work.subject === subject).map(({ step }) => step);
    if (steps.length > 0) await measureModel(subject, steps, clock, values.trace ? tracing : noting);
  }
}

/** Steps named that are not yet measured. */
function workFor({ model, only }: { readonly model?: string; readonly only?: string }): readonly Work[] {
  const named = CASES.filter(({ name }) => model === undefined || name === model).flatMap((subject) =>
    stepsOf(subject).map((step) => ({ subject, step })),
  );
  const chosen = named.filter(({ step }) => only === undefined || step.name.startsWith(only));
  if (chosen.length === 0)
    throw new Error(`no such model or step; models: ${CASES.map(({ name }) => name).join(', ')}`);
  return chosen.filter(({ subject, step }) => !(step.name in FIGURES.read(subject.name).steps));
}

function nameOf(subject: Case, step: Step): string {
  return `${subject.name} ${step.name}`;
}

async function measureModel(subject: Case, steps: readonly Step[], clock: Clock, observer: Observer): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'bitloom-results-'));
  const executor = localExecutor();
  const bench = await createBench(subject, executor, folder, observer);
  try {
    for (const step of steps) await measured(bench, step, clock);
  } finally {
    await executor.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** A step that fails is said and left open; the others go on. */
async function measured(bench: Bench, step: Step, clock: Clock): Promise<void> {
  const { subject } = bench;
  const command = `npx tsx bench/results/run.ts --model ${subject.name} --only "${step.name}"`;
  try {
    const figures = await measureStep(bench, step, command);
    FIGURES.write(subject.name, step.name, figures);
    clock.did(nameOf(subject, step), figures.seconds);
    console.log(`${subject.name} ${step.name}: ${summary(figures)}; about ${duration(clock.left())} left`);
  } catch (error) {
    process.exitCode = 1;
    console.error(`${subject.name} ${step.name}: failed`, error);
  }
}

function summary({ float, result, divergence, agreement, latency, formats, seconds }: StepFigures): string {
  return [
    `${significant(float.holdout.value)} -> ${significant(result.holdout.value)}`,
    `KL ${divergence.holdout.toPrecision(3)}, agreement ${significant(agreement)}`,
    `latency ${significant(latency.ratio)} [${significant(latency.low)}, ${significant(latency.high)}]`,
    JSON.stringify(formats),
    duration(seconds),
  ].join(', ');
}

await main();
