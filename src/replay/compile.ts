import { requiredInputs } from '../graph/constants.js';
import { shapeIn, type TypeTable } from '../graph/types.js';
import type { Format } from '../quantize/formats.js';
import { type Network, network } from '../quantize/network.js';
import { type Flow, flowOf } from './flow.js';
import { type Changes, openPieces, type Perturbing, type PieceWriter } from './pieces.js';
import type { Advance, Piece, Program, Stage, StateId, Visit } from './program.js';
import { type Schedule, scheduleOf, sitesOf, type Turn } from './schedule.js';
import { groupOf, type Perturbation, type Variant } from './variant.js';

/**
 * Writes the parts of the model that a replay of these variants runs to `folder`, and says in which order: unit groups in
 * graph order; of a pair the later one is run under the state that the earlier one left.
 */
export async function compile(
  perturbing: Perturbing,
  types: TypeTable,
  variants: readonly (Variant | undefined)[],
  folder: string,
): Promise<Program> {
  const flow = flowOf(perturbing.model.graph);
  const net = network(perturbing.model, perturbing.target);
  const asked = placed(variants, net, flow);
  const pieces = await openPieces(perturbing, flow, types, folder);
  try {
    const stages: Stage[] = [];
    const batch = batchOf(perturbing, types);
    const plan: Compiling = { net, flow, pieces, ...asked, carries: (value) => carries(types, value, batch) };
    for (let turn = 0; turn < asked.schedule.turns.length; turn++) stages.push(await stageAt(plan, turn));
    const inputs = requiredInputs(perturbing.model.graph).map(({ name }) => name);
    const outputs = flow.graph.outputs.map(({ name }) => name);
    const float = await pieces.write({ given: new Set(inputs), outputs });
    const batches = batch !== undefined && outputs.every(plan.carries) && splits(stages, plan);
    return { inputs, outputs, float, stages, variants: variants.length, batches };
  } finally {
    await pieces.close();
  }
}

/** The model with one perturbation, from its turn on. */
interface State {
  readonly id: StateId;
  readonly turn: number;
  readonly changes: Changes;
  /** The last turn at which a variant is run under it. */
  last: number;
}

/** A variant at the later of its turns. */
interface Asked {
  readonly variant: number;
  readonly turn: number;
  readonly format: Format;
  /** None under the float model. */
  readonly state: State | undefined;
}

interface Compiling {
  readonly net: Network;
  readonly flow: Flow;
  readonly pieces: PieceWriter;
  readonly schedule: Schedule;
  readonly states: readonly State[];
  readonly asked: readonly Asked[];
  /** Whether a value's first dimension is the batch, and no other depends on it. */
  carries(value: string): boolean;
}

function placed(variants: readonly (Variant | undefined)[], net: Network, flow: Flow) {
  const groups = new Set(variants.flatMap((variant) => (variant ?? []).map(({ unit }) => groupOf(net.units, unit))));
  const schedule = scheduleOf(sitesOf(net, flow, groups), flow);
  const turnOf = new Map(schedule.turns.map(({ group }, turn) => [group, turn]));
  const states = new Map<string, State>();
  const asked = variants.flatMap((variant, position): Asked[] => {
    if (!variant) return [];
    const [first, second] = variant
      .map(({ unit, format }) => ({ format, turn: turnOf.get(groupOf(net.units, unit)) ?? 0 }))
      .sort((a, b) => a.turn - b.turn);
    if (!second) return [{ variant: position, ...first, state: undefined }];
    return [{ variant: position, ...second, state: stateOf(states, schedule, first, second.turn) }];
  });
  return { schedule, asked, states: [...states.values()] };
}

type Placed = Pick<Perturbation, 'format'> & { readonly turn: number };

function stateOf(states: Map<string, State>, schedule: Schedule, { turn, format }: Placed, visited: number): State {
  const key = `${turn} ${format}`;
  const known = states.get(key);
  const state = known ?? { id: states.size + 1, turn, changes: changesOf(schedule.turns[turn], format), last: visited };
  state.last = Math.max(state.last, visited);
  states.set(key, state);
  return state;
}

function changesOf({ units }: Turn, format: Format): Changes {
  return new Map(units.map(({ name }) => [name, format]));
}

async function stageAt(plan: Compiling, turn: number): Promise<Stage> {
  const { schedule, states } = plan;
  const here = schedule.turns[turn];
  const asked = plan.asked.filter((each) => each.turn === turn);
  const values = new Set([...here.before, ...here.fresh]);
  return {
    group: here.group,
    advances: await advancesAt(plan, turn),
    ...(await runsAt(plan, here, asked)),
    births: await birthsAt(plan, turn),
    release: [...values].filter((value) => schedule.lastUse(value) === turn),
    ends: states.filter(({ last }) => last === turn).map(({ id }) => id),
  };
}

/** Living states run the float model's step, unless it holds a unit that they change. */
async function advancesAt({ schedule, states, pieces }: Compiling, turn: number): Promise<readonly Advance[]> {
  const { before, fresh, step } = schedule.turns[turn];
  if (fresh.length === 0) return [];
  const request = { given: before, outputs: fresh };
  const float = await pieces.write(request);
  const advances: Advance[] = [{ state: 0, piece: float, keep: fresh }];
  for (const { id, turn: born, last, changes } of states) {
    const keep = fresh.filter((value) => schedule.turns[born].made.has(value));
    if (born >= turn || last < turn || keep.length === 0) continue;
    const own = step.nodes.some(({ name }) => changes.has(name));
    advances.push({ state: id, piece: own ? await pieces.write(request, changes) : float, keep });
  }
  return advances;
}

/** What a new state changes of values that are there already: those that were made ahead for a parallel branch. */
async function birthsAt({ schedule, states, pieces }: Compiling, turn: number): Promise<readonly Advance[]> {
  const { before, fresh, made, cut } = schedule.turns[turn];
  const keep = [...before, ...fresh].filter((value) => made.has(value) && schedule.lastUse(value) > turn);
  if (keep.length === 0) return [];
  const births: Advance[] = [];
  for (const { id, turn: born, changes } of states) {
    if (born !== turn) continue;
    births.push({ state: id, piece: await pieces.write({ given: new Set(cut), outputs: keep }, changes), keep });
  }
  return births;
}

type Runs = Pick<Stage, 'heads' | 'entry' | 'tail' | 'stacks' | 'visits'>;

async function runsAt(plan: Compiling, here: Turn, asked: readonly Asked[]): Promise<Runs> {
  const { net, flow, pieces } = plan;
  const entry = net.outlet(here.units[0].output);
  const outputs = flow.graph.outputs.map(({ name }) => name).filter((name) => here.made.has(name));
  const given = new Set(here.cut);
  const visits: Visit[] = [];
  for (const { variant, format, state } of asked) {
    const changes = new Map([...(state?.changes ?? []), ...changesOf(here, format)]);
    const whole = isWhole(plan, here, state) ? await pieces.write({ given, outputs }, changes) : undefined;
    visits.push({ state: state?.id ?? 0, variant, format, ...(whole && { whole }) });
  }
  const plain = visits.filter(({ whole }) => !whole).map(({ format }) => format);
  const heads: { readonly format: Format; readonly piece: Piece }[] = [];
  for (const format of new Set(plain)) {
    heads.push({ format, piece: await pieces.write({ given, outputs: [entry] }, changesOf(here, format)) });
  }
  const after = outputs.filter((name) => name !== entry);
  const hasTail = plain.length > 0 && after.length > 0;
  const tail = hasTail ? await pieces.write({ given: given.add(entry), outputs: after }) : undefined;
  const stacks = tail !== undefined && [...tail.inputs, ...tail.outputs].every(plan.carries);
  return { heads, entry, ...(tail && { tail }), stacks, visits };
}

/** A variant runs in one piece where more than its first unit is changed in what follows from it. */
function isWhole({ net }: Compiling, here: Turn, state: State | undefined): boolean {
  const follows = net.units.filter(({ output }) => here.made.has(output));
  return here.units.length > 1 || follows.some(({ name }) => state?.changes.has(name));
}

/** The name of the dimension that counts samples: the first one of every input. */
function batchOf({ model }: Perturbing, types: TypeTable): string | undefined {
  const [first, ...others] = requiredInputs(model.graph).map(({ name }) => shapeIn(types, name)?.[0]);
  return typeof first === 'string' && others.every((dim) => dim === first) ? first : undefined;
}

function carries(types: TypeTable, value: string, batch: string | undefined): boolean {
  const [first, ...others] = shapeIn(types, value) ?? [];
  const apart = others.every((dim) => typeof dim === 'number' || (dim !== null && !namesIn(dim).includes(batch ?? '')));
  return batch !== undefined && first === batch && apart;
}

/** A dimension may be a product or a sum of names. */
function namesIn(dim: string): readonly string[] {
  return dim.split(/[*+()]/);
}

/** Where some piece runs a sample at a time, each value that it reads or makes must have one slice a sample. */
function splits(stages: readonly Stage[], { carries: has }: Compiling): boolean {
  return stages
    .flatMap(piecesOf)
    .every(({ perSample, inputs, outputs }) => !perSample || [...inputs, ...outputs].every(has));
}

function piecesOf({ advances, births, heads, visits }: Stage): readonly Piece[] {
  return [...advances, ...births, ...heads, ...visits].flatMap((each) =>
    'piece' in each ? [each.piece] : 'whole' in each && each.whole ? [each.whole] : [],
  );
}
