/** Random choices of formats: coin flips at several rates, and contiguous regions, between which boundaries are few. */
import type { Random } from '../../src/kernel/random.js';
import type { Ladders } from '../../src/latency/circuit.js';
import type { Formats } from '../../src/quantize/followers.js';
import type { Format } from '../../src/quantize/formats.js';
import type { Unit } from '../../src/quantize/unit.js';

const RATES = [0.9, 0.5, 0.75, 0.25, 0.97, 0.1];

/** The i-th of a series of random plans; even ones flip coins, odd ones draw regions. */
export function randomFormats(units: readonly Unit[], ladders: Ladders, index: number, source: Random): Formats {
  const groups = [...new Set(units.map((unit) => unit.group))];
  const quantized =
    index % 2 === 0 ? coins(groups, RATES[(index / 2) % RATES.length], source) : regions(groups, source);
  const chosen = new Map(groups.map((group) => [group, quantized.has(group) ? anyOf(ladders[group], source) : FLOAT]));
  return Object.fromEntries(units.map((unit) => [unit.name, chosen.get(unit.group) ?? FLOAT]));
}

const FLOAT: Format = 'float';

function anyOf(ladder: readonly Format[], source: Random): Format {
  const quantized = ladder.filter((format) => format !== FLOAT);
  return quantized.length === 0 ? FLOAT : quantized[source.below(quantized.length)];
}

function coins(groups: readonly string[], rate: number, source: Random): ReadonlySet<string> {
  return new Set(groups.filter(() => source.uniform() < rate));
}

/** One to three stretches that together hold a tenth to nine tenths of the units. */
function regions(groups: readonly string[], source: Random): ReadonlySet<string> {
  const count = 1 + source.below(3);
  const cuts = Array.from({ length: 2 * count }, () => source.below(groups.length + 1)).sort((a, b) => a - b);
  const inside = (position: number) => cuts.filter((cut) => cut <= position).length % 2 === 1;
  return new Set(groups.filter((_, position) => inside(position)));
}
