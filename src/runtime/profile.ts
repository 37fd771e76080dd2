import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Value } from '../graph/model.js';
import { BitloomError } from '../kernel/errors.js';
import { median } from '../kernel/statistics.js';
import type { FeedSource } from './feeds.js';
import { jobBeside } from './job.js';
import type { Runtime, Session, TensorMap } from './session.js';

/** How long a node of the optimized graph takes in one run. Names and operators are the optimizer's, not the file's. */
export interface NodeTime {
  readonly node: string;
  readonly op: string;
  readonly provider: string;
  /** Median over runs; the calls of one run (a Loop's body) are added up. */
  readonly medianMs: number;
}

export interface ProfileSettings {
  readonly threads: number;
  /** Runs that count; 10 when left out. */
  readonly runs?: number;
}

/** A model, and where the graph that is executed for it is written if somebody wants to see it. */
export interface ProfiledFile {
  readonly path: string;
  readonly executed?: string;
}

export interface ProfileInput extends ProfileSettings {
  readonly models: readonly ProfiledFile[];
  readonly feeds: FeedSource;
}

/** `profileInTurns` in a worker; an event after each round. */
export const PROFILE_JOB = jobBeside<ProfileInput, readonly (readonly NodeTime[])[], number>(
  './profile-job',
  import.meta.url,
);

const WARM_UP = 2;

/** Each model's node times. In every round each model runs once on the same feed, so that all meet the same noise. */
export async function profileInTurns(
  runtime: Runtime,
  models: readonly ProfiledFile[],
  feedsOf: (inputs: readonly Value[]) => readonly TensorMap[],
  { threads, runs = 10 }: ProfileSettings,
  onRound: (rounds: number) => void = () => {},
): Promise<readonly (readonly NodeTime[])[]> {
  const folder = await mkdtemp(join(tmpdir(), 'bitloom-profile-'));
  try {
    const sessions: Session[] = [];
    for (const [i, { path, executed }] of models.entries()) {
      const written = executed === undefined ? {} : { optimizedModelPath: executed };
      sessions.push(
        await runtime.open(path, {
          threads,
          profilePrefix: join(folder, `${i}-profile`),
          sleepBetweenRuns: true,
          ...written,
        }),
      );
    }
    const feeds = feedsOf(sessions[0].inputs);
    for (let round = 0; round < WARM_UP + runs; round++) {
      for (const session of sessions) await session.run(feeds[round % feeds.length]);
      onRound(round + 1);
    }
    await Promise.all(sessions.map((session) => session.close()));
    const files = await readdir(folder);
    return await Promise.all(models.map((_, i) => readTimes(folder, files, `${i}-profile`)));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** ONNX Runtime adds the time of day to the prefix. */
async function readTimes(folder: string, files: readonly string[], prefix: string): Promise<readonly NodeTime[]> {
  const file = files.find((name) => name.startsWith(prefix));
  if (file === undefined) throw unreadable();
  return nodeTimes(JSON.parse(await readFile(join(folder, file), 'utf8')), WARM_UP);
}

/** One of ONNX Runtime's trace events (Chrome's format); times in microseconds. */
interface TraceEvent {
  readonly cat: string;
  readonly name: string;
  readonly ts: number;
  readonly dur: number;
  readonly args: Readonly<Record<string, unknown>>;
}

const KERNEL = '_kernel_time';

/** Per-node medians from ONNX Runtime's profile, the first `skip` runs left out. */
export function nodeTimes(profile: unknown, skip: number): readonly NodeTime[] {
  if (!Array.isArray(profile)) throw unreadable();
  const events = profile.filter(isTraceEvent);
  const runs = events.filter(({ name }) => name === 'model_run').sort((a, b) => a.ts - b.ts);
  const counted = runs.slice(skip);
  const nodes = new Map<string, { readonly event: TraceEvent; readonly totals: number[] }>();
  for (const event of events.filter(({ cat, name }) => cat === 'Node' && name.endsWith(KERNEL))) {
    const run = counted.findIndex(({ ts, dur }) => event.ts >= ts && event.ts <= ts + dur);
    if (run < 0) continue;
    const key = `${event.args.node_index} ${event.name}`;
    const node = nodes.get(key) ?? { event, totals: counted.map(() => 0) };
    node.totals[run] += event.dur;
    nodes.set(key, node);
  }
  return [...nodes.values()].map(({ event, totals }) => nodeTime(event, totals));
}

function nodeTime({ name, args }: TraceEvent, totals: readonly number[]): NodeTime {
  return {
    node: name.slice(0, -KERNEL.length),
    op: String(args.op_name),
    provider: String(args.provider),
    medianMs: median(totals) / 1000,
  };
}

function isTraceEvent(event: unknown): event is TraceEvent {
  if (typeof event !== 'object' || event === null) return false;
  return 'cat' in event && 'name' in event && 'ts' in event && 'dur' in event && 'args' in event;
}

function unreadable(): BitloomError {
  const message = "ONNX Runtime's profile is not a list of events";
  return new BitloomError({ kind: 'runtime', code: 'profile-unreadable', message });
}
