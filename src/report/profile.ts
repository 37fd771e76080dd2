import type { PredictionErrors } from '../latency/errors.js';
import { duration, ending, significant, table, wrapped } from './format.js';

/** What a unit takes in one format. */
export interface UnitTime {
  readonly format: string;
  /** Alone, with what is fused into it; absent where the size of an input depends on data. */
  readonly isolatedMs?: number;
  /** In the whole model, boundaries aside. */
  readonly inPlaceMs: number;
  /** In place, to the unit's float form. */
  readonly ratio: number;
}

export interface UnitProfile {
  readonly name: string;
  /** `Conv 1x64x56x56 w64x64x3x3 1x64x56x56`; equal for units that do the same work. */
  readonly shape?: string;
  /** Float first. */
  readonly times: readonly UnitTime[];
}

/** A pass over memory between formats: milliseconds for 10^6 bytes of floats. */
export interface BoundaryProfile {
  readonly kind: 'quantize' | 'dequantize' | 'reorder';
  /** At the ends of units alone. */
  readonly isolated?: number;
  /** In whole models, changes of layout that come with it included. */
  readonly inPlace?: number;
}

export interface UniformLatency {
  readonly format: string;
  /** To float, with its 95 % interval. */
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
}

/** Where time goes in a model on this machine. Milliseconds of one run. */
export interface LatencyProfile {
  readonly model: string;
  readonly target: string;
  readonly runtime: string;
  readonly processor: string;
  readonly threads: number;
  /** What models ran on. */
  readonly inputs: 'samples' | 'made up';
  readonly floatMs: number;
  readonly uniform: readonly UniformLatency[];
  /** Slowest in float first. */
  readonly units: readonly UnitProfile[];
  readonly boundaries: readonly BoundaryProfile[];
  /** Units that an 8-bit format makes slower in place than float. */
  readonly floatFaster: readonly { readonly unit: string; readonly format: string; readonly ratio: number }[];
  readonly prediction: {
    /** Mixed plans, each predicted by a fit without it. */
    readonly heldOut: PredictionErrors;
    /** Of the sum of units alone, on the same plans. */
    readonly naive?: PredictionErrors;
  };
  readonly machine: { readonly spread: number; readonly halfWidth: number; readonly restless: boolean };
  readonly seconds: number;
  /** Results measured now, and known from before. */
  readonly measured: number;
  readonly recalled: number;
  readonly notes: readonly string[];
}

const SLOWEST = 12;
const NAME = 26;
const COLUMNS = 80;

/** A profile for a terminal of 80 columns. */
export function printProfile(profile: LatencyProfile): string {
  const sections = [
    head(profile),
    unitSection(profile),
    boundarySection(profile),
    slowerSection(profile),
    predictionSection(profile),
    ...profile.notes.map((note) => paragraph(`note: ${note}`)),
    machineLine(profile),
    `${duration(profile.seconds)}; ${profile.measured} results measured, ${profile.recalled} known from before`,
  ];
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`;
}

function head({ model, target, runtime, processor, threads, inputs, floatMs, uniform }: LatencyProfile): string {
  const how = `${threads} thread${threads === 1 ? '' : 's'}, ${inputs === 'samples' ? inputs : 'made-up inputs'}, batch 1`;
  const title = [ending(model, COLUMNS), `${target}: ${runtime}, ${processor}`, how].join('\n');
  const rows = uniform.map(({ format, ratio, low, high }) => [
    `all ${format}`,
    significant(ratio * floatMs),
    `${significant(ratio)} (${significant(low)} .. ${significant(high)})`,
  ]);
  return `${title}\n\n${table([['plan', 'ms', 'ratio (95 %)'], ['float', significant(floatMs), '1'], ...rows])}`;
}

function unitSection({ units }: LatencyProfile): string {
  const rows = units
    .slice(0, SLOWEST)
    .flatMap(({ name, times }) =>
      times.map(({ format, isolatedMs, inPlaceMs, ratio }, i) => [
        i === 0 ? ending(name, NAME) : '',
        format,
        isolatedMs === undefined ? '?' : significant(isolatedMs),
        significant(inPlaceMs),
        significant(ratio),
      ]),
    );
  const title = units.length > SLOWEST ? `the ${SLOWEST} slowest of ${units.length} units` : 'units';
  return `${title}\n\n${table([['unit', 'format', 'alone ms', 'in place ms', 'ratio'], ...rows])}`;
}

function boundarySection({ boundaries }: LatencyProfile): string {
  const shown = (value: number | undefined) => (value === undefined ? '-' : significant(value));
  const rows = boundaries.map(({ kind, isolated, inPlace }) => [kind, shown(isolated), shown(inPlace)]);
  return `boundaries, ms for 1 MB of floats\n\n${table([['', 'alone', 'in place'], ...rows])}`;
}

function slowerSection({ floatFaster }: LatencyProfile): string {
  if (floatFaster.length === 0) return 'no unit is faster in float than in another format of its ladder';
  const rows = floatFaster
    .slice(0, SLOWEST)
    .map(({ unit, format, ratio }) => [ending(unit, NAME), format, significant(ratio)]);
  const cases = `${floatFaster.length} case${floatFaster.length === 1 ? '' : 's'}`;
  return `faster in float: ${cases}\n\n${table([['unit', 'format', 'ratio'], ...rows])}`;
}

function predictionSection({ prediction: { heldOut, naive } }: LatencyProfile): string {
  const row = (name: string, { median, p95, ordered }: PredictionErrors) => [
    name,
    percent(median),
    percent(p95),
    percent(ordered),
  ];
  const rows = [row('predicted', heldOut), ...(naive ? [row('sum of units alone', naive)] : [])];
  const title = `error on ${heldOut.plans} mixed plans that the prediction was not fitted to`;
  return `${title}\n\n${table([['', 'median', '95th', 'order right'], ...rows])}`;
}

/** Instead of a guess, how well anything can be known. */
function machineLine({ machine: { halfWidth, spread, restless } }: LatencyProfile): string {
  const known = `ratios are known to ${percent(halfWidth)} (float's times spread by ${percent(spread)})`;
  return restless ? `the machine was too restless to tell close plans apart\n${known}` : known;
}

function paragraph(text: string): string {
  return wrapped(text, COLUMNS).join('\n');
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
