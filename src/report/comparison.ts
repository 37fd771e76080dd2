import type { Comparison, ValueError } from '../evaluate/compare.js';
import { ending, table } from './format.js';

const LISTED = 12;

/** A comparison for a terminal of 80 columns: where the error starts, the steps that add most, and what comes out. */
export function printComparison(comparison: Comparison): string {
  const { float, other, samples, values, start } = comparison;
  const largest = values.toSorted((a, b) => step(b) - step(a)).slice(0, LISTED);
  const shown = values.filter((value) => largest.includes(value));
  const last = values.at(-1);
  return [
    `${other}\nagainst ${float}: ${values.length} values, ${samples} samples`,
    start
      ? `error starts at ${start.node} (${start.op}): ${decibels(start.noise)} dB`
      : 'no value is louder in error than 20 dB below its signal',
    `values that lose most on their way (${shown.length} of ${values.length}; all with --json)`,
    table([HEADER, ...shown.map(row)]),
    last ? `last value: ${decibels(last.noise)} dB, cosine ${last.cosine.toFixed(6)}\n` : '',
  ].join('\n\n');
}

const HEADER = ['node', 'operator', 'SQNR dB', 'before', 'cosine'];

function row(value: ValueError): readonly string[] {
  return [ending(value.node, 36), value.op, decibels(value.noise), decibels(value.before), value.cosine.toFixed(5)];
}

/** Noise that this step adds to what reached it. */
function step({ noise, before }: ValueError): number {
  return noise - before;
}

/** Signal over noise in dB; nothing is lost where they are equal. */
function decibels(noise: number): string {
  return noise === 0 ? 'equal' : (-10 * Math.log10(noise)).toFixed(1);
}
