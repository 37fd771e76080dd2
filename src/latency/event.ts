import type { Node } from '../graph/model.js';
import { sizeOf } from '../kernel/shape.js';
import type { Bits, Format } from '../quantize/formats.js';
import type { Network } from '../quantize/network.js';
import type { Unit } from '../quantize/unit.js';
import type { Sizes } from './sizes.js';

export type EventKind = 'unit' | 'follower' | 'quantize' | 'dequantize';

/** Something that a plan makes happen and that costs time. Plain data; the name says all that it is. */
export interface Event {
  /** `unit NAME FORMAT`, `follower NODE int8`, `quantize VALUE`, `quantize VALUE dynamic`, `dequantize VALUE`, `dequantize VALUE for UNIT`. */
  readonly name: string;
  readonly kind: EventKind;
  /** Unit or follower that it is about, or the value. */
  readonly subject: string;
  /** What shares a line of cost over elements: `Conv w8a8`, `Add int8`, `quantize`. */
  readonly category: string;
  /** Multiply-accumulates of a unit, elements of a follower's or boundary's value; absent where sizes are not known. */
  readonly elements?: number;
  /** Equal for events of one category and one shape, which cost the same wherever they stand. */
  readonly shape: string;
}

/** Bits at which a value is read, or `dynamic` where its range is taken at run time. */
export type ReadWidth = Bits | 'dynamic';

/** Makes the events of one network. */
export interface EventFactory {
  unit(unit: Unit, format: Format): Event;
  follower(node: Node, how: 'integer' | 'moved' | 'float'): Event;
  quantize(value: string, width: ReadWidth): Event;
  /** `reader`: the unit that has a DequantizeLinear of its own. */
  dequantize(value: string, reader?: string): Event;
}

export function eventFactory(net: Network, sizes: Sizes): EventFactory {
  const nodes = new Map(net.graph.nodes.map((node) => [node.name, node]));
  const { followerBits } = net.rules;
  const elementsOf = (value: string) => {
    const dims = sizes(value);
    return dims && sizeOf(dims);
  };
  const boundary = (kind: 'quantize' | 'dequantize', value: string, detail: string): Event => ({
    name: `${kind} ${value}${detail}`,
    kind,
    subject: value,
    category: detail === ' dynamic' ? 'quantize dynamic' : kind,
    ...known(elementsOf(value)),
    shape: shapeText([value], sizes),
  });
  return {
    unit(unit, format) {
      const node = nodes.get(unit.name);
      return {
        name: `unit ${unit.name} ${format}`,
        kind: 'unit',
        subject: unit.name,
        category: `${node && isGrouped(node) ? 'grouped ' : ''}${unit.op} ${format}`,
        ...known(products(net, unit, sizes)),
        shape: `${attributeText(node)} ${shapeText([...unit.inputs, unit.output], sizes)} x ${weightDims(net, unit)}`,
      };
    },
    follower(node, kind) {
      const how = kind === 'integer' ? `int${followerBits}` : kind;
      return {
        name: `follower ${node.name} ${how}`,
        kind: 'follower',
        subject: node.name,
        category: `${node.op} ${how}`,
        ...known(elementsOf(node.outputs[0])),
        shape: `${attributeText(node)} ${shapeText([...node.inputs, node.outputs[0]], sizes)}`,
      };
    },
    quantize: (value, width) => boundary('quantize', value, widthText(width, followerBits)),
    dequantize: (value, reader) => boundary('dequantize', value, reader === undefined ? '' : ` for ${reader}`),
  };
}

function widthText(width: ReadWidth, usual: Bits): string {
  if (width === 'dynamic') return ' dynamic';
  return width === usual ? '' : ` uint${width}`;
}

function known(elements: number | undefined): { readonly elements?: number } {
  return elements === undefined ? {} : { elements };
}

/** Multiply-accumulates: each element of the output adds up one product an element of the reduced dimensions. */
function products(net: Network, unit: Unit, sizes: Sizes): number | undefined {
  const counted = sizes(unit.op === 'ConvTranspose' ? unit.inputs[0] : unit.output);
  const weight = unit.weight === undefined ? undefined : net.constant(unit.weight)?.dims;
  if (!counted) return undefined;
  if (weight && unit.channelAxis !== undefined) return (sizeOf(counted) * sizeOf(weight)) / weight[unit.channelAxis];
  const left = sizes(unit.inputs[0]);
  return left && sizeOf(counted) * left[left.length - 1];
}

function isGrouped(node: Node): boolean {
  const group = node.attributes.get('group');
  return group?.kind === 'int' && group.value > 1n;
}

function weightDims(net: Network, unit: Unit): string {
  const weight = unit.weight === undefined ? undefined : net.constant(unit.weight);
  return weight ? weight.dims.join(',') : '';
}

function shapeText(values: readonly string[], sizes: Sizes): string {
  return values.map((value) => sizes(value)?.join(',') ?? '?').join(' ');
}

function attributeText(node: Node | undefined): string {
  const plain = [...(node?.attributes ?? [])].flatMap(([name, attribute]) =>
    attribute.kind === 'int' || attribute.kind === 'ints' ? [`${name}=${attribute.value}`] : [],
  );
  return plain.sort().join(' ');
}
