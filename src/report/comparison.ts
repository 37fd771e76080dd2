import type { Comparison, ValueError } from '../evaluate/compare.js';
import { ending, table } from './format.js';

const LISTED = 12;

/** A comparison for a terminal of 80 columns: where the error starts, the steps that add most, and what comes out. */
export function printComparison(comparison: Comparison): string {
  const { float, other, samples, values } = comparison;
  const title = `${other}\nagainst ${float}: ${values.length} values, ${samples} samples`;
  return `${[title, beginning(comparison), largestSteps(values), outcome(values)].filter(Boolean).join('\n\n')}\n`;
}

function beginning({ start, values }: Comparison): string {
  if (start) return `error starts at ${start.node} (${start.op}): SQNR ${decibels(start.noise)} dB`;
  const noisy = values.some(({ noise }) => noise > 0);
  return noisy ? 'no value has an SQNR below 20 dB' : 'every value is equal';
}

function largestSteps(values: readonly ValueError[]): string {
  const noisy = values.filter((value) => step(value) > 0);
  const largest = new Set(noisy.toSorted((a, b) => step(b) - step(a)).slice(0, LISTED));
  if (largest.size === 0) return '';
  const rows = values.filter((value) => largest.has(value)).map(row);
  const title = `steps that add most, in graph order (${largest.size} of ${noisy.length}; all with --json)`;
  return `${title}\n${table([['node', 'operator', 'SQNR dB', 'before', 'cosine'], ...rows])}`;
}

function row({ node, op, noise, before, cosine }: ValueError): readonly string[] {
  return [ending(node, 34), op, decibels(noise), decibels(before), cosine.toFixed(5)];
}

function outcome(values: readonly ValueError[]): string {
  const last = values.at(-1);
  return last && last.noise > 0 ? `at the end: SQNR ${decibels(last.noise)} dB, cosine ${last.cosine.toFixed(5)}` : '';
}

/** Noise that this step adds to what reached it. */
function step({ noise, before }: ValueError): number {
  return noise - before;
}

/** Signal over noise. */
function decibels(noise: number): string {
  return noise === 0 ? 'equal' : (-10 * Math.log10(noise)).toFixed(1);
}
