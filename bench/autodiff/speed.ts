/**
 * CPU time of derivatives of the loss by the weights of all units, over that of a forward pass of the model as its file
 * has it: one thread, all optimizations of ONNX Runtime, in turns, medians. Beside it the most memory that a run takes
 * above the loaded model, and how `programBytes` estimates it.
 *
 *     npx tsx bench/autodiff/speed.ts [--model NAME] [--batch N] [--rounds N] [--modes] [--profile]
 *
 * `--modes` takes the three ways to H v instead. `--profile` prints what the operators of each take. Wants a quiet machine.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { programBytes } from '../../src/autodiff/peak-bytes.js';
import type { Program } from '../../src/autodiff/program.js';
import { toModel } from '../../src/autodiff/write/to-model.js';
import { saveModel } from '../../src/graph/to-onnx.js';
import { median } from '../../src/kernel/statistics.js';
import { runAlone } from '../../src/runtime/alone.js';
import type { Feeds } from '../../src/runtime/feeds.js';
import { jobBeside } from '../../src/runtime/job.js';
import { ortRuntime } from '../../src/runtime/ort.js';
import { profileInTurns } from '../../src/runtime/profile.js';
import { cpuTimes, type Fed, ratioOf } from './cpu-time.js';
import type { MemoryInput } from './memory-job.js';
import { DERIVATIVES, type Derivative, feedsOf, HESSIANS, openSubject, SUBJECTS, type Subject } from './subjects.js';

const MEMORY_JOB = jobBeside<MemoryInput, number>('./memory-job', import.meta.url);

/** A model file. */
interface Timed extends Fed {
  readonly name: string;
  readonly model: string;
  readonly program: Program;
  readonly feeds: Feeds;
  readonly theory?: number;
  readonly aim?: number;
  readonly pytorch?: number;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      model: { type: 'string' },
      batch: { type: 'string' },
      rounds: { type: 'string', default: '7' },
      modes: { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
    },
  });
  for (const subject of SUBJECTS.filter(({ name }) => name === (values.model ?? name))) {
    const batch = Number(values.batch ?? subject.batch);
    const folder = await mkdtemp(join(tmpdir(), 'bitloom-speed-'));
    try {
      const timed = await derived({ ...subject, batch }, values.modes ? HESSIANS : DERIVATIVES, folder);
      console.log(`\n${subject.name}, batch ${batch}`);
      if (values.profile) for (const each of timed) await printProfile(each);
      else await printTimes(timed, Number(values.rounds));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}

/** The model itself, then its derivatives, each in a file. */
async function derived(
  subject: Subject,
  derivatives: readonly Derivative[],
  folder: string,
): Promise<readonly Timed[]> {
  const { program, feeds, wrt, output } = await openSubject(subject);
  const peer = subject.pytorch ?? {};
  const timed: Timed[] = [{ name: 'forward', model: subject.file, program, feeds, pytorch: peer.forward }];
  for (const [i, { name, theory, aim, derive }] of derivatives.entries()) {
    const product = derive(program, wrt, output);
    const path = join(folder, `${i}.onnx`);
    await saveModel(toModel(product), path);
    const fed = feedsOf(product.inputs, feeds);
    timed.push({ name, model: path, program: product, feeds: fed, theory, aim, pytorch: peer[name] });
  }
  return timed;
}

async function printTimes(timed: readonly Timed[], rounds: number): Promise<void> {
  const seconds = await cpuTimes(timed, rounds);
  for (const [i, { name, theory, aim, pytorch, ...rest }] of timed.entries()) {
    const ratio = ratioOf(seconds[i], seconds[0]);
    const counted = theory === undefined ? '' : `   by counting ${theory}, aim ${aim}`;
    const peer = pytorch === undefined ? '' : `   PyTorch ${pytorch} s at batch 8`;
    const time = `${name.padEnd(20)} ${median(seconds[i]).toFixed(3)} s  ${ratio.toFixed(2)} x`;
    console.log(`${time}   ${await memoryOf(rest)}${counted}${peer}`);
  }
}

/** What feeds a process of its own gets is what it makes itself, but for the model's own inputs. */
async function memoryOf({ model, program, feeds }: Pick<Timed, 'model' | 'program' | 'feeds'>): Promise<string> {
  const own = Object.fromEntries(Object.entries(feeds).filter(([name]) => !name.includes(':')));
  const taken = await runAlone(MEMORY_JOB, { model, inputs: program.inputs, own }, { threads: 1 });
  const { values } = programBytes(program);
  return `${megabytes(taken)} (estimated ${megabytes(values)})`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}

async function printProfile({ name, model, feeds }: Timed): Promise<void> {
  const [times] = await profileInTurns(ortRuntime, [{ path: model }], () => [feeds], { threads: 1, runs: 3 });
  const totals = new Map<string, { ms: number; nodes: number }>();
  for (const { op, medianMs } of times) {
    const { ms, nodes } = totals.get(op) ?? { ms: 0, nodes: 0 };
    totals.set(op, { ms: ms + medianMs, nodes: nodes + 1 });
  }
  const all = [...totals].sort(([, a], [, b]) => b.ms - a.ms);
  console.log(`\n${name}: ${all.reduce((total, [, { ms }]) => total + ms, 0).toFixed(0)} ms in ${times.length} nodes`);
  for (const [op, { ms, nodes }] of all.slice(0, 16)) console.log(`  ${op.padEnd(24)} ${ms.toFixed(1)} ms, ${nodes}`);
}

await main();
