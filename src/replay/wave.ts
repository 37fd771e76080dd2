import { setImmediate } from 'node:timers/promises';
import { isDense } from '../kernel/tensor.js';
import type { JobContext } from '../runtime/job.js';
import { ortRuntime } from '../runtime/ort.js';
import type { Session } from '../runtime/session.js';
import { type Chunk, chunksOf } from './chunks.js';
import { createHeld, type Held } from './held.js';
import type { Advance, Piece, Program, Stage, StateId, Visit } from './program.js';
import { type Reduced, reduce } from './reduce.js';
import type { KnownBlock, ReplayInput, ReplayRows } from './replay-input.js';
import { joinAll, sliceAll, type Tensors } from './slices.js';

/** Blocks that go through the stages together. */
interface Wave {
  readonly input: ReplayInput;
  readonly context: JobContext<ReplayRows>;
  readonly held: Held;
  readonly blocks: readonly WaveBlock[];
  /** The float model's outputs of each chunk. */
  readonly reference: ReadonlyMap<Chunk, Tensors>;
}

interface WaveBlock extends KnownBlock {
  readonly chunks: readonly Chunk[];
}

/** Takes blocks through all stages; each part of the model is opened once. Answers what was held on the way. */
export async function runWave(input: ReplayInput, context: JobContext<ReplayRows>): Promise<Held> {
  const held = createHeld(input.memory, input.folder);
  const reference = new Map<Chunk, Tensors>();
  const blocks = await withSession(input, input.program.float, (run) => load(input, held, reference, run));
  const wave: Wave = { input, context, held, blocks, reference };
  for (const stage of input.program.stages) {
    await advance(wave, stage.advances);
    await visit(wave, stage);
    await advance(wave, stage.births);
    await held.releaseValues(stage.release);
    await held.releaseStates(stage.ends);
  }
  return held;
}

/** Reads the samples, and runs the float model on them. */
async function load(input: ReplayInput, held: Held, reference: Map<Chunk, Tensors>, run: RunPiece) {
  const most = input.program.batches ? input.batch : 1;
  const blocks: WaveBlock[] = [];
  let id = 0;
  for (const block of input.blocks) {
    const chunks: Chunk[] = [];
    for await (const { inputs, ...chunk } of chunksOf(input.set, block, most, () => id++)) {
      chunks.push(chunk);
      reference.set(chunk, await run(inputs, chunk.positions.length));
      for (const [value, tensor] of Object.entries(inputs))
        await held.put({ chunk: chunk.id, state: 0, value }, tensor);
    }
    blocks.push({ ...block, chunks });
  }
  return blocks;
}

/** Runs a piece on tensors of `samples` samples. */
type RunPiece = (feeds: Tensors, samples: number) => Promise<Tensors>;

async function withSession<T>({ threads }: ReplayInput, piece: Piece, work: (run: RunPiece) => Promise<T>): Promise<T> {
  const session = await ortRuntime.open(piece.file, { threads });
  try {
    return await work((feeds, samples) => runPiece(session, piece, feeds, samples));
  } finally {
    await session.close();
  }
}

async function runPiece(session: Session, piece: Piece, feeds: Tensors, samples: number): Promise<Tensors> {
  const own = Object.fromEntries(piece.inputs.map((name) => [name, feeds[name]]));
  if (!piece.perSample || samples === 1) return dense(await session.run(own));
  const parts: Tensors[] = [];
  for (const part of sliceAll(own, samples)) parts.push(dense(await session.run(part)));
  return joinAll(parts);
}

function dense(outputs: Awaited<ReturnType<Session['run']>>): Tensors {
  return Object.fromEntries(
    Object.entries(outputs).flatMap(([name, value]) => (isDense(value) ? [[name, value]] : [])),
  );
}

async function heldFeeds({ held }: Wave, { id }: Chunk, state: StateId, values: readonly string[]): Promise<Tensors> {
  const feeds: Record<string, Tensors[string]> = {};
  for (const value of values) feeds[value] = await held.get({ chunk: id, state, value });
  return feeds;
}

/** States that run the same piece do so one after the other: it is opened once. */
async function advance(wave: Wave, advances: readonly Advance[]): Promise<void> {
  for (const file of new Set(advances.map(({ piece }) => piece.file))) {
    const same = advances.filter(({ piece }) => piece.file === file);
    await withSession(wave.input, same[0].piece, async (run) => {
      for (const each of same) for (const { chunks } of wave.blocks) await advanceState(wave, each, chunks, run);
    });
  }
}

async function advanceState(wave: Wave, { state, piece, keep }: Advance, chunks: readonly Chunk[], run: RunPiece) {
  for (const chunk of chunks) {
    await heed(wave);
    const made = await run(await heldFeeds(wave, chunk, state, piece.inputs), chunk.positions.length);
    for (const value of keep) await wave.held.put({ chunk: chunk.id, state, value }, made[value]);
  }
}

/** An abort arrives between two turns of the event loop. */
async function heed({ context }: Wave): Promise<void> {
  await setImmediate();
  context.signal.throwIfAborted();
}

/** Runs all variants of a stage that are not known. */
async function visit(wave: Wave, stage: Stage): Promise<void> {
  for (const { whole, ...each } of stage.visits) {
    if (!whole) continue;
    await withSession(wave.input, whole, async (run) => {
      for (const block of wave.blocks) await runWhole(wave, whole, run, block, each);
    });
  }
  if (stage.heads.length > 0) await visitStacked(wave, stage);
}

async function runWhole(wave: Wave, piece: Piece, run: RunPiece, block: WaveBlock, visited: Omit<Visit, 'whole'>) {
  if (block.known.includes(visited.variant)) return;
  const rows = rowsOf(wave, block);
  for (const chunk of block.chunks) {
    await heed(wave);
    const made = await run(await heldFeeds(wave, chunk, visited.state, piece.inputs), chunk.positions.length);
    await rows.add(visited, chunk, made);
  }
  rows.emit();
}

/** The unit in every format, and what follows from it for several of them at once. */
async function visitStacked(wave: Wave, stage: Stage): Promise<void> {
  const states = new Map<StateId, Visit[]>();
  for (const each of stage.visits) {
    if (!each.whole) states.set(each.state, [...(states.get(each.state) ?? []), each]);
  }
  const work = (parts: StageRuns) => eachState(wave, parts, states);
  await withHeads(wave.input, stage.heads, new Map(), (heads) =>
    stage.tail ? withSession(wave.input, stage.tail, (tail) => work({ stage, heads, tail })) : work({ stage, heads }),
  );
}

interface StageRuns {
  readonly stage: Stage;
  readonly heads: ReadonlyMap<string, RunPiece>;
  readonly tail?: RunPiece;
}

/** Opens them one inside the other, so that each is closed whatever happens. */
async function withHeads(
  input: ReplayInput,
  [first, ...rest]: Stage['heads'],
  opened: ReadonlyMap<string, RunPiece>,
  work: (heads: ReadonlyMap<string, RunPiece>) => Promise<void>,
): Promise<void> {
  if (!first) return work(opened);
  await withSession(input, first.piece, (run) => withHeads(input, rest, new Map(opened).set(first.format, run), work));
}

async function eachState(wave: Wave, parts: StageRuns, states: ReadonlyMap<StateId, readonly Visit[]>): Promise<void> {
  for (const block of wave.blocks) {
    for (const [state, visits] of states) {
      const open = visits.filter(({ variant }) => !block.known.includes(variant));
      if (open.length === 0) continue;
      const rows = rowsOf(wave, block);
      for (const chunk of block.chunks) await runChunk(wave, parts, { state, visits: open, chunk }, rows);
      rows.emit();
    }
  }
}

interface ChunkVisits {
  readonly state: StateId;
  readonly visits: readonly Visit[];
  readonly chunk: Chunk;
}

async function runChunk(
  wave: Wave,
  { stage, heads, tail }: StageRuns,
  { state, visits, chunk }: ChunkVisits,
  rows: Rows,
) {
  const samples = chunk.positions.length;
  const stack = stage.stacks ? Math.max(1, Math.floor(wave.input.stack / samples)) : 1;
  for (let first = 0; first < visits.length; first += stack) {
    await heed(wave);
    const group = visits.slice(first, first + stack);
    const entries: Tensors[] = [];
    for (const { format } of group) entries.push(await runHead(wave, stage, heads.get(format), state, chunk));
    const made = tail ? await runTail(wave, stage, tail, entries, state, chunk) : entries;
    for (const [i, each] of group.entries()) await rows.add(each, chunk, { ...entries[i], ...made[i] });
  }
}

async function runHead(wave: Wave, stage: Stage, run: RunPiece | undefined, state: StateId, chunk: Chunk) {
  const { inputs } = stage.heads[0].piece;
  if (!run) throw new RangeError(`${stage.group} has no head in this format`);
  return run(await heldFeeds(wave, chunk, state, inputs), chunk.positions.length);
}

/** The outputs for each entry; what all share is repeated for each. */
async function runTail(
  wave: Wave,
  { entry, tail }: Stage,
  run: RunPiece,
  entries: readonly Tensors[],
  state: StateId,
  chunk: Chunk,
): Promise<readonly Tensors[]> {
  const others = (tail?.inputs ?? []).filter((name) => name !== entry);
  const shared = await heldFeeds(wave, chunk, state, others);
  const stacked = joinAll(entries.map((each) => ({ ...shared, ...each })));
  const made = await run(stacked, entries.length * chunk.positions.length);
  return entries.length === 1 ? [made] : sliceAll(made, entries.length);
}

interface Rows {
  add(visited: Pick<Visit, 'variant' | 'state'>, chunk: Chunk, made: Tensors): Promise<void>;
  emit(): void;
}

/** Reduces what variants give on the chunks of a block, and tells of it when all are there. */
function rowsOf(wave: Wave, { from, to }: WaveBlock): Rows {
  const variants = new Map<number, Reduced[]>();
  return {
    async add({ variant, state }, chunk, made) {
      const samples = variants.get(variant) ?? new Array<Reduced>(to - from);
      variants.set(variant, samples);
      const reference = wave.reference.get(chunk) ?? {};
      const outputs = await complete(wave, state, chunk, made);
      const count = chunk.positions.length;
      const [own, float] = [samplesOf(outputs, count), samplesOf(reference, count)];
      for (const [i, position] of chunk.positions.entries()) {
        samples[position] = reduce(own[i], float[i], chunk.about[i], wave.input.wanted);
      }
    },
    emit() {
      const rows = [...variants].map(([variant, samples]) => ({ variant, samples }));
      wave.context.emit({ from, to, rows });
    },
  };
}

function samplesOf(outputs: Tensors, count: number): readonly Tensors[] {
  return count === 1 ? [outputs] : sliceAll(outputs, count);
}

/** Outputs that the unit does not change are the state's own. */
async function complete(wave: Wave, state: StateId, chunk: Chunk, made: Tensors): Promise<Tensors> {
  const { outputs }: Program = wave.input.program;
  const rest = await heldFeeds(
    wave,
    chunk,
    state,
    outputs.filter((name) => made[name] === undefined),
  );
  return Object.fromEntries(outputs.map((name) => [name, made[name] ?? rest[name]]));
}
