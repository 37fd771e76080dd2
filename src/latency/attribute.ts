import { type GraphIndex, indexGraph } from '../graph/index-graph.js';
import type { Graph, Node } from '../graph/model.js';
import type { Network } from '../quantize/network.js';
import type { NodeTime } from '../runtime/profile.js';
import type { Event } from './event.js';
import { type Tracer, tracer } from './trace.js';

export interface AttributionRequest {
  readonly net: Network;
  /** Events of the plan that was emitted. */
  readonly events: readonly Event[];
  /** What the plan was emitted as. */
  readonly emitted: Graph;
  /** What ONNX Runtime made of it; node names are those of the profile. */
  readonly executed: Graph;
  /** Unit name -> the executed node that computes it (`matchUnits`); units without one were fused into others. */
  readonly kernels: ReadonlyMap<string, Node>;
  readonly times: readonly NodeTime[];
}

/** A profile divided among the events of its plan. Milliseconds; nothing is lost: events and rest add up to the profile. */
export interface Attribution {
  readonly events: Readonly<Record<string, number>>;
  /** Operators that no plan changes. */
  readonly rest: number;
  readonly restNodes: readonly RestNode[];
  /** Executed operators of each event; those of the rest are `restNodes`. */
  readonly operators: Readonly<Record<string, number>>;
}

export interface RestNode {
  readonly node: string;
  readonly op: string;
  readonly ms: number;
}

/** Operators that ONNX Runtime or emission puts between two kernels. */
const BOUNDARY: ReadonlySet<string> = new Set([
  'QuantizeLinear',
  'DequantizeLinear',
  'DynamicQuantizeLinear',
  'ReorderInput',
  'ReorderOutput',
]);

/** Divides the time of every executed node: each goes to exactly one event of the plan, or to the rest. */
export function attribute(request: AttributionRequest): Attribution {
  const nodes = new Map(request.executed.nodes.map((node) => [node.name, node]));
  const eventFor = eventFinder(request);
  const events: Record<string, number> = Object.fromEntries(request.events.map(({ name }) => [name, 0]));
  const operators = { ...events };
  const restNodes: RestNode[] = [];
  for (const { node: name, op, medianMs } of request.times) {
    const node = nodes.get(name);
    const event = node && eventFor(node);
    if (event) {
      events[event.name] += medianMs;
      operators[event.name]++;
    } else restNodes.push({ node: name, op, ms: medianMs });
  }
  const rest = restNodes.reduce((total, { ms }) => total + ms, 0);
  return { events, rest, restNodes, operators };
}

type EventFinder = (node: Node) => Event | undefined;

/** What the rules for one node need. */
interface Scene {
  readonly net: Network;
  readonly trace: Tracer;
  readonly index: GraphIndex;
  /** Active events of a unit or follower. */
  own(name: string): Event | undefined;
  /** Active boundary events of a value. */
  at(value: string): readonly Event[];
  /** The unit that an executed node computes. */
  unitOf(node: Node): string | undefined;
}

function eventFinder(request: AttributionRequest): EventFinder {
  const scene = sceneOf(request);
  return (node) => {
    const unit = scene.unitOf(node);
    if (unit !== undefined) return scene.own(unit);
    return isBoundary(scene, node) ? boundaryEvent(scene, node) : ownEvent(scene, scene.trace.home(node));
  };
}

function sceneOf({ net, events, emitted, executed, kernels }: AttributionRequest): Scene {
  const units = new Map([...kernels].map(([name, node]) => [node, name]));
  const own = new Map<string, Event>();
  const at = new Map<string, Event[]>();
  for (const event of events) {
    if (event.kind === 'unit' || event.kind === 'follower') own.set(event.subject, event);
    else at.set(event.subject, [...(at.get(event.subject) ?? []), event]);
  }
  return {
    net,
    trace: tracer(net, emitted, executed),
    index: indexGraph(executed),
    own: (name) => own.get(name),
    at: (value) => at.get(value) ?? [],
    unitOf: (node) => units.get(node),
  };
}

/** A Transpose or Cast that computes no node of the network was put there. */
function isBoundary({ trace }: Scene, node: Node): boolean {
  if (BOUNDARY.has(node.op)) return true;
  return (node.op === 'Transpose' || node.op === 'Cast') && trace.home(node)?.op !== node.op;
}

/** The event of a node of the network; an activation function that vanished stands for what is before it. */
function ownEvent(scene: Scene, node: Node | undefined): Event | undefined {
  if (!node) return undefined;
  const event = scene.own(node.name);
  const carried = event?.kind === 'follower' && !event.name.endsWith(' float');
  if (!carried || scene.net.rule(node)?.scale !== 'fused') return event;
  return ownEvent(scene, scene.net.index.producer(node.inputs[0])) ?? event;
}

/**
 * The boundary event that this node belongs to: one of its own value and kind, one of its value, or that of what it
 * prepares. A change of layout where no number changes its type belongs to the kernel that wants that layout.
 */
function boundaryEvent(scene: Scene, node: Node): Event | undefined {
  const value = scene.trace.value(node.outputs[0]);
  const events = value === undefined ? [] : scene.at(value);
  return (
    events.find((event) => isOfKind(scene, event, node)) ??
    neighbour(scene, node, events) ??
    events[0] ??
    layoutEvent(scene, node) ??
    ownEvent(scene, value === undefined ? undefined : scene.net.index.producer(value))
  );
}

const KIND: Readonly<Record<string, Event['kind']>> = {
  QuantizeLinear: 'quantize',
  DynamicQuantizeLinear: 'quantize',
  DequantizeLinear: 'dequantize',
};

/** Several DequantizeLinear of one value differ by the unit that reads them. */
function isOfKind({ index, unitOf }: Scene, event: Event, node: Node): boolean {
  if (KIND[node.op] !== event.kind) return false;
  const reader = event.name.slice(`dequantize ${event.subject} for `.length);
  if (!event.name.startsWith(`dequantize ${event.subject} for `)) return event.kind === 'quantize' || shared(node);
  const readers = index.consumers(node.outputs[0]);
  const behind = readers.flatMap((next) => (next.op === 'ReorderInput' ? index.consumers(next.outputs[0]) : [next]));
  return behind.some((next) => unitOf(next) === reader) || node.name.startsWith(`${reader}_input_`);
}

function shared(node: Node): boolean {
  return !node.name.includes('_input_DequantizeLinear');
}

/** A change of layout directly before or after a conversion goes with it. */
function neighbour(scene: Scene, node: Node, events: readonly Event[]): Event | undefined {
  const before = scene.index.producer(node.inputs[0]);
  const after = scene.index.consumers(node.outputs[0]);
  const next = [...(before ? [before] : []), ...after].filter((each) => KIND[each.op] !== undefined);
  return events.find((event) => next.some((each) => isOfKind(scene, event, each)));
}

function layoutEvent({ index, own, unitOf }: Scene, node: Node): Event | undefined {
  const producer = index.producer(node.inputs[0]);
  const around = [...index.consumers(node.outputs[0]), ...(producer ? [producer] : [])];
  const [unit] = around.flatMap((each) => unitOf(each) ?? []);
  return unit === undefined ? undefined : own(unit);
}
