import type { Format } from '../quantize/formats.js';
import type { Circuit } from './circuit.js';
import type { Gate } from './logic.js';
import { eventShare, type Prediction, restShare } from './predict.js';

/** Predicted latency of all plans, as plain numbers for a search; unit of all costs: the float model's latency. */
export interface LatencyModel {
  readonly base: number;
  readonly items: readonly { readonly name: string; readonly costs: Readonly<Partial<Record<Format, number>>> }[];
  readonly gates: readonly Gate<Format>[];
  readonly terms: readonly { readonly gate: number; readonly cost: number }[];
}

/**
 * The circuit with its costs: what happens in every plan is the base, what one item's format alone decides stands with
 * the item, and every other event is a term on its gate. Their sum is `predict`.
 */
export function costModel(circuit: Circuit, prediction: Prediction): LatencyModel {
  const items = new Map(circuit.items.map(({ name, formats }) => [name, new Map(formats.map((f) => [f, 0]))]));
  const terms = new Map<number, number>();
  for (const { event, gate } of circuit.events) {
    const cost = eventShare(prediction, event);
    const by = circuit.gates[gate];
    const item = 'is' in by ? items.get(by.is) : undefined;
    if (item && 'is' in by) for (const format of by.formats) item.set(format, (item.get(format) ?? 0) + cost);
    else if (cost !== 0) terms.set(gate, (terms.get(gate) ?? 0) + cost);
  }
  return {
    base: circuit.always.reduce((total, event) => total + eventShare(prediction, event), restShare(prediction)),
    items: [...items].map(([name, costs]) => ({ name, costs: Object.fromEntries(costs) })),
    gates: circuit.gates,
    terms: [...terms].map(([gate, cost]) => ({ gate, cost })),
  };
}
