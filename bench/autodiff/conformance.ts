/**
 * How exactly derivatives obey their laws: the largest error of each law on each primitive, each operator that is read,
 * random networks, ONNX's backend models, light networks with random weights, and trained models.
 *
 *     npx tsx bench/autodiff/conformance.ts [--runs N] [--print]
 *
 * Written into docs/conformance.md. Takes about ten minutes.
 */
import { existsSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { crossEntropy, divergence, type Loss, squaredError } from '../../src/autodiff/losses.js';
import { ortRuntime } from '../../src/runtime/ort.js';
import { networkSubject, networks } from '../../test/autodiff/graph-subjects.js';
import { broken, type Errors, Kink, measureLaws } from '../../test/autodiff/laws.js';
import { gaussNewtonError, rootError, underLoss } from '../../test/autodiff/loss-subject.js';
import {
  lightSubject,
  operatorErrors,
  SINGLE,
  singleErrors,
  TRAINED,
  trainedSubject,
} from '../../test/autodiff/model-laws.js';
import { modelSubject } from '../../test/autodiff/model-subject.js';
import { PRIMITIVES, subjectOf } from '../../test/autodiff/primitive-subjects.js';
import { derived, elsewhere, type Subject } from '../../test/autodiff/subject.js';
import { type BackendCase, backendCases, readExclusions } from '../../test/conformance/backend-cases.js';
import { OPERATOR_CASES, titled } from '../../test/support/operator-cases.js';
import { oneNode } from '../../test/support/read-back.js';
import { SHARED } from '../../test/support/run-model.js';
import { publish } from '../markdown.js';
import { DOUBLE_COLUMNS, joined, lawsTable, type Measured, SINGLE_COLUMNS } from './law-tables.js';

const SEED = 60;
const PAGE = new URL('../../docs/conformance.md', import.meta.url);
const BACKEND = join(SHARED, 'onnx-backend');
const EXCLUDED = readExclusions(new URL('../../test/conformance/derivatives-exclusions.txt', import.meta.url));
/** In float64 they are small enough for all laws. */
const SMALL = /squeezenet|shufflenet|resnet20|gpt2|bert-mini/;

/** Errors over random samples; one next to a kink is drawn again. */
async function sampled<T>(
  samples: fc.Arbitrary<T>,
  runs: number,
  measure: (sample: T, seed: number) => Promise<Partial<Errors>>,
): Promise<Measured> {
  const found: Partial<Errors>[] = [];
  for (const [i, sample] of fc.sample(samples, { numRuns: 2 * runs, seed: SEED }).entries()) {
    if (found.length < runs) found.push(...(await unlessKink(() => measure(sample, SEED + i))));
  }
  return joined(found);
}

async function unlessKink(measure: () => Promise<Partial<Errors>>): Promise<readonly Partial<Errors>[]> {
  try {
    return [await measure()];
  } catch (error) {
    if (error instanceof Kink) return [];
    throw error;
  }
}

async function primitives(runs: number): Promise<string> {
  const rows = new Map<string, Measured>();
  for (const [name, samples] of Object.entries(PRIMITIVES)) {
    const plain = await sampled(samples, runs, (sample, seed) => measureLaws(subjectOf(sample, seed), seed));
    const again = await sampled(samples, name === 'Sign' ? 0 : Math.ceil(runs / 4), (sample, seed) =>
      measureLaws(derived(subjectOf(sample, seed)), seed),
    );
    rows.set(name, joined([plain.worst, again.worst], plain.count + again.count));
    report(name, rows);
  }
  return lawsTable('primitive', rows, DOUBLE_COLUMNS);
}

async function randomNetworks(runs: number): Promise<string> {
  const rows = new Map<string, Measured>();
  const under = async (subject: Subject, loss: Loss, seed: number) =>
    measureLaws(elsewhere(await underLoss(subject, loss, 'float64')), seed);
  const measures: Readonly<Record<string, (subject: Subject, seed: number) => Promise<Partial<Errors>>>> = {
    scores: (subject, seed) => measureLaws(subject, seed),
    'cross-entropy': (subject, seed) => under(subject, crossEntropy('z'), seed),
    divergence: (subject, seed) => under(subject, divergence('z'), seed),
    'squared error': (subject, seed) => under(subject, squaredError('z'), seed),
    'divergence from their own output': async (subject) => {
      const self = await underLoss(subject, divergence('z'), 'float64');
      return { 'gauss-newton': await gaussNewtonError(self, 'float64'), root: await rootError(self, 'float64') };
    },
  };
  for (const [name, measure] of Object.entries(measures)) {
    rows.set(name, await sampled(networks, runs, (sample, seed) => measure(networkSubject(sample, seed), seed)));
    report(name, rows);
  }
  return lawsTable('of random networks', rows, [...DOUBLE_COLUMNS, 'gauss-newton', 'root']);
}

/** Uses of an operator that reading is tested on; those that make constants or infinities have no laws. */
async function operators(): Promise<string> {
  const found = new Map<string, Partial<Errors>[]>();
  for (const { op, operands, attributes, outputs } of Object.values(OPERATOR_CASES).flat().map(titled)) {
    const { model, feeds } = oneNode(op, operands, attributes, outputs);
    const errors = await modelSubject(model, feeds, 'float64').then(measureLaws, () => undefined);
    const finite = errors && !Number.isNaN(errors.jvp);
    if (finite) found.set(op, [...(found.get(op) ?? []), errors]);
  }
  const rows = [...found].sort(([a], [b]) => a.localeCompare(b)).map(([op, errors]) => [op, joined(errors)] as const);
  return lawsTable('operator', new Map(rows), DOUBLE_COLUMNS);
}

async function backendModels(): Promise<string> {
  const rows = new Map<string, Measured>();
  const cases = backendCases(BACKEND).filter(({ name }) => !name.startsWith('light/') && !EXCLUDED.has(name));
  for (const suite of new Set(cases.map(suiteOf))) {
    const found: Partial<Errors>[] = [];
    for (const each of cases.filter((one) => suiteOf(one) === suite)) found.push(await operatorErrors(each));
    rows.set(suite, joined(found));
    report(suite, rows);
  }
  const excluded = [...EXCLUDED].map(([name, reason]) => `- \`${name}\`: ${reason}`);
  return `${lawsTable('suite', rows, DOUBLE_COLUMNS)}\n\nWithout a derivative, each checked to fail:\n\n${excluded.join('\n')}`;
}

function suiteOf({ name }: BackendCase): string {
  return name.split('/')[0];
}

interface Network {
  readonly name: string;
  subject(precision: 'float64' | 'own'): Promise<Subject>;
}

function wholeNetworks(): readonly Network[] {
  const light = backendCases(BACKEND).filter(({ name }) => name.startsWith('light/'));
  return [
    ...light.map(({ name, model }) => ({ name, subject: (p: 'float64' | 'own') => lightSubject(model, p) })),
    ...TRAINED.filter(({ file }) => existsSync(file)).map(({ name, file }) => ({
      name,
      subject: (p: 'float64' | 'own') => trainedSubject(file, p),
    })),
  ];
}

async function inSingle(networks: readonly Network[]): Promise<string> {
  const rows = new Map<string, Measured>();
  for (const { name, subject } of networks) {
    rows.set(name, joined([await singleErrors(await subject('own'))]));
    report(name, rows);
  }
  return lawsTable('network, in float32', rows, SINGLE_COLUMNS, SINGLE);
}

async function inDouble(networks: readonly Network[]): Promise<string> {
  const rows = new Map<string, Measured>();
  for (const { name, subject } of networks.filter(({ name }) => SMALL.test(name))) {
    const open = await subject('float64');
    const self = await underLoss(open, divergence(open.of[0]), 'float64');
    const errors = { ...(await measureLaws(open)), 'gauss-newton': await gaussNewtonError(self, 'float64') };
    rows.set(name, joined([errors]));
    report(name, rows);
  }
  return lawsTable('network, in float64', rows, [...DOUBLE_COLUMNS, 'gauss-newton']);
}

/** Progress, and what fails at once. */
function report(name: string, rows: ReadonlyMap<string, Measured>): void {
  const failures = broken(rows.get(name)?.worst ?? {}, undefined);
  console.error(`${name}: ${failures.length === 0 ? 'measured' : failures.join(', ')}`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { runs: { type: 'string', default: '40' }, print: { type: 'boolean' } } });
  const runs = Number(values.runs);
  const networks = wholeNetworks();
  const parts = [
    ['## Primitives', await primitives(runs)],
    ['## Operators', await operators()],
    ['## Random networks', await randomNetworks(runs)],
    ["## ONNX's backend models", await backendModels()],
    ['## Whole networks', `${await inDouble(networks)}\n\n${await inSingle(networks)}`],
  ];
  const from = `\`npx tsx bench/autodiff/conformance.ts --runs ${runs}\` on ${cpus()[0]?.model} (${availableParallelism()} cores), ${new Date().toISOString().slice(0, 10)}, Node.js ${process.version}, ONNX Runtime ${ortRuntime.version}.`;
  publish(PAGE, 'conformance', `${parts.map((part) => part.join('\n\n')).join('\n\n')}\n\n${from}`);
}

await main();
