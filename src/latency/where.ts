import type { Node } from '../graph/model.js';
import { type Bits, FORMAT_NAMES, FORMATS, type Format } from '../quantize/formats.js';
import type { Network } from '../quantize/network.js';
import type { Unit } from '../quantize/unit.js';
import type { Event, EventFactory, ReadWidth } from './event.js';
import type { Logic } from './logic.js';

/** When a plan does what, as truth values of one plan or as gates for all plans. */
export interface Conditions<S> {
  /** Formats that a unit may have. */
  ladder(unit: Unit): readonly Format[];
  is(unit: Unit, formats: readonly Format[]): S;
  /** Whether a follower carries integers. */
  carried(node: Node): S;
  /** Whether the producer of a value stores it as integers of the followers' width. */
  made(value: string): S;
  /** Whether a node reads its input at `position` at so many bits. */
  reads(node: Node, position: number, bits: Bits): S;
}

export interface Conditioned<S> {
  readonly event: Event;
  readonly when: S;
}

const WIDTHS: readonly Bits[] = [4, 8, 16];
const READ_WIDTHS: readonly ReadWidth[] = [...WIDTHS, 'dynamic'];
const DYNAMIC = FORMAT_NAMES.filter((format) => FORMATS[format].activation === 'dynamic');

/**
 * All events that some plan of the network makes happen, each with its condition, in graph order: the one account of
 * where emission puts QuantizeLinear and DequantizeLinear (emit/activations.ts).
 */
export function eventsWhere<S>(
  net: Network,
  make: EventFactory,
  logic: Logic<S>,
  given: Conditions<S>,
): readonly Conditioned<S>[] {
  const boundaries = boundaryRules(net, logic, given);
  const atValue = (value: string) => [...quantizing(value), ...dequantizing(value)];
  const quantizing = (value: string) =>
    READ_WIDTHS.map((width) => ({ event: make.quantize(value, width), when: boundaries.quantizes(value, width) }));
  const dequantizing = (value: string) => [
    { event: make.dequantize(value), when: boundaries.dequantizes(value) },
    ...boundaries.ownReaders(value).map(({ unit, when }) => ({ event: make.dequantize(value, unit.name), when })),
  ];
  const atNode = (node: Node) => {
    const unit = net.unit(node);
    if (unit) return given.ladder(unit).map((f) => ({ event: make.unit(unit, f), when: given.is(unit, [f]) }));
    if (!net.rule(node)) return [];
    const carried = given.carried(node);
    const moved = logic.all([logic.not(carried), boundaries.moves(node)]);
    return [
      { event: make.follower(node, 'integer'), when: carried },
      { event: make.follower(node, 'moved'), when: moved },
      { event: make.follower(node, 'float'), when: logic.all([logic.not(carried), logic.not(moved)]) },
    ];
  };
  return [
    ...net.graph.inputs.flatMap(({ name }) => atValue(name)),
    ...net.graph.nodes.flatMap((node) => [...atNode(node), ...node.outputs.filter(Boolean).flatMap(atValue)]),
  ].filter(({ when }) => when !== logic.no);
}

interface BoundaryRules<S> {
  /**
   * Whether ONNX Runtime (QDQPropagation) moves the QuantizeLinear behind a float node before it, so that it runs on
   * integers after all: where the node keeps its input's scale and nobody reads floats from it.
   */
  moves(node: Node): S;
  /** A QuantizeLinear of its own runs: readers of one width share it, and none is needed where the producer stores so. */
  quantizes(value: string, width: ReadWidth): S;
  /** A DequantizeLinear that all its readers share. */
  dequantizes(value: string): S;
  /** Float units that have a DequantizeLinear of their own. */
  ownReaders(value: string): readonly { readonly unit: Unit; readonly when: S }[];
}

interface Reading {
  readonly node: Node;
  readonly position: number;
}

function boundaryRules<S>(net: Network, logic: Logic<S>, given: Conditions<S>): BoundaryRules<S> {
  const { followerBits } = net.rules;
  const { all, any, not } = logic;
  const behind = new Map(net.units.map((unit) => [net.outlet(unit.output), unit]));
  const reads = (value: string, bits: Bits) =>
    readings(net, value).map(({ node, position }) => given.reads(node, position, bits));
  const readsDynamically = (value: string) =>
    readings(net, value).map(({ node, position }) => {
      const unit = net.unit(node);
      return unit && node.inputs[position] === unit.inputs[0] ? given.is(unit, DYNAMIC) : logic.no;
    });
  const anyBits = ({ node, position }: Reading) => any(WIDTHS.map((bits) => given.reads(node, position, bits)));
  const apart = (value: string) =>
    readings(net, value).flatMap(({ node }) => {
      const unit = net.unit(node);
      return unit && hasOwnDequantize(unit) ? [{ unit, when: given.is(unit, ['float']) }] : [];
    });
  /** A kernel that may store its result either way takes in the QuantizeLinear that is its only reader. */
  const takenIn = (value: string) => {
    const unit = behind.get(value);
    if (!unit || net.index.isOutput(value)) return logic.no;
    const kernels = net.rules.kernels[unit.op];
    const either = given.ladder(unit).filter((format) => kernels[format]?.output === 'either');
    return all([given.is(unit, either), ...reads(value, followerBits)]);
  };
  const sharedReads = (value: string) =>
    readings(net, value).map((reading) => {
      const unit = net.unit(reading.node);
      const own = unit && hasOwnDequantize(unit) ? given.is(unit, ['float']) : logic.no;
      return all([not(own), not(anyBits(reading))]);
    });
  return {
    moves(node) {
      const [output, ...others] = node.outputs.filter(Boolean);
      const keepsScale = net.rule(node)?.scale === 'same' && others.length === 0;
      const readers = reads(output, followerBits);
      return keepsScale && readers.length > 0 && !net.index.isOutput(output) ? all(readers) : logic.no;
    },
    quantizes(value, width) {
      if (net.constant(value)) return logic.no;
      if (width === 'dynamic') return any(readsDynamically(value));
      const needed = any(reads(value, width));
      return width === followerBits ? all([needed, not(given.made(value)), not(takenIn(value))]) : needed;
    },
    dequantizes(value) {
      const output = net.index.isOutput(value) ? logic.yes : logic.no;
      const otherWidths = WIDTHS.filter((bits) => bits !== followerBits).flatMap((bits) => reads(value, bits));
      return all([given.made(value), any([output, ...sharedReads(value), ...otherWidths])]);
    },
    ownReaders: (value) => apart(value).map(({ unit, when }) => ({ unit, when: all([given.made(value), when]) })),
  };
}

/** In float, behind stored integers (emit/units.ts): a MatMul with a weight shares its DequantizeLinear with others. */
function hasOwnDequantize(unit: Unit): boolean {
  return unit.op !== 'MatMul' || unit.inputs.length === 2;
}

function readings(net: Network, value: string): readonly Reading[] {
  return net.index
    .consumers(value)
    .flatMap((node) => node.inputs.flatMap((input, position) => (input === value ? [{ node, position }] : [])));
}
