import { stat } from 'node:fs/promises';
import { median } from '../kernel/statistics.js';
import { type RoundTimes, ratiosToFirst, relativeWidth, restlessness } from './latency-statistics.js';

export interface BenchedModel {
  readonly path: string;
  /** Of the .onnx file itself, external data aside. */
  readonly bytes: number;
  /** Time of one run of a whole batch: median over rounds, and the quickest round. */
  readonly medianMs: number;
  readonly minMs: number;
  /** What follows is left out where the user's own command measures: it tells milliseconds alone. */
  readonly samplesPerSecond?: number;
  /** Opening and peak memory, each model in a new process. */
  readonly openMs?: number;
  readonly peakBytes?: number;
}

/** A model's time relative to the first model's, with a 95 % interval. */
export interface Ratio {
  readonly path: string;
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
}

export interface BenchResult {
  readonly models: readonly BenchedModel[];
  /** One for each model but the first. */
  readonly ratios: readonly Ratio[];
  readonly rounds: number;
  /** ONNX Runtime's execution provider, the module that measured, or the target that it was estimated for. */
  readonly provider: string;
  /** Nothing ran: times follow from a target's rates. */
  readonly estimated?: true;
  /** Left out, as threads and batch are, where a module measures. */
  readonly runtime?: string;
  readonly threads?: number;
  readonly batch?: number;
  /** Interquartile range over median of the first model's times: how restless the machine was. */
  readonly spread: number;
  /** The interval asked for was not reached, or the machine was too restless for absolute times to mean much. */
  readonly noisy: boolean;
}

/** A quiet machine stays below a few percent. */
const RESTLESS = 0.2;

export interface SizedFile {
  readonly path: string;
  readonly bytes: number;
}

export function sized(files: readonly string[]): Promise<readonly SizedFile[]> {
  return Promise.all(files.map(async (path) => ({ path, bytes: (await stat(path)).size })));
}

export interface Timed {
  /** In the order of `times`. */
  readonly files: readonly SizedFile[];
  readonly times: RoundTimes;
  /** Different feeds that took turns, where they differ in cost. */
  readonly feeds: number;
  /** Width of a ratio's interval, relative to it, that was wanted. */
  readonly width: number;
}

/** What times say, whoever measured them. */
export function timingsOf({ files, times, feeds, width }: Timed) {
  const spread = restlessness(times, feeds);
  return {
    models: files.map((file, i) => ({ ...file, medianMs: median(times[i]), minMs: Math.min(...times[i]) })),
    ratios: ratiosToFirst(times).map(({ value, low, high }, i) => ({
      path: files[i + 1].path,
      ratio: value,
      low,
      high,
    })),
    rounds: times[0].length,
    spread,
    noisy: relativeWidth(times) > width || spread > RESTLESS,
  };
}
