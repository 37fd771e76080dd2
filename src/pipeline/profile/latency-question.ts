import { createHash } from 'node:crypto';
import { requiredInputs } from '../../graph/constants.js';
import type { Observer } from '../../kernel/observer.js';
import { sizeOf } from '../../kernel/shape.js';
import { sum } from '../../kernel/statistics.js';
import type { Ladders } from '../../latency/circuit.js';
import { type Sizes, sizesFor } from '../../latency/sizes.js';
import type { Target } from '../../latency/target.js';
import type { Formats } from '../../quantize/followers.js';
import type { Network } from '../../quantize/network.js';
import { type FeedSource, type Feeds, feedsFor } from '../../runtime/feeds.js';
import type { Executor } from '../../runtime/job.js';
import type { Json, Key } from '../../store/result-kind.js';
import type { Results } from '../../store/results.js';
import type { Choice as UnitChoice } from '../choices.js';
import type { OpenedModel } from '../open/open-model.js';
import type { Workbench } from '../trials/workbench.js';
import type { Choice } from './plan-pool.js';

/** Inputs with which models are timed, and what they are called where results are kept. */
export interface NamedFeeds {
  readonly source: FeedSource;
  readonly name: Json;
}

/**
 * Feeds by their shapes: how long a model runs hangs on these and not on numbers. Feeds of one shape are named once, so that
 * made-up images share what was measured with real ones.
 */
export function namedFeeds(source: FeedSource, feeds: readonly Feeds[]): NamedFeeds {
  const shapes = feeds.map((feed) => Object.fromEntries(Object.entries(feed).map(([name, { dims }]) => [name, dims])));
  const distinct = new Set(shapes.map((shape) => JSON.stringify(shape)));
  return { source, name: distinct.size === 1 ? shapes.slice(0, 1) : shapes };
}

/** Where time goes in a model, asked for plans within these ladders. */
export interface LatencyQuestion {
  readonly source: Pick<OpenedModel, 'model' | 'hash' | 'bytes'>;
  readonly target: Target;
  readonly bench: Workbench;
  readonly results: Results;
  /** Its jobs are given one at a time: what else runs would be measured too. */
  readonly executor: Executor;
  /** With which the model is served. */
  readonly threads: number;
  readonly feeds: NamedFeeds;
  readonly ladders: Ladders;
  readonly seed: number;
  readonly observer: Observer;
  /** Time that measuring may take when nothing is known, about; 100 seconds when left out. */
  readonly budgetMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** Formats that units of one group may all have. */
export function laddersOf(choices: readonly UnitChoice[]): Ladders {
  const ladders = new Map<string, UnitChoice['ladder']>();
  for (const { unit, ladder } of choices) {
    const others = ladders.get(unit.group);
    ladders.set(unit.group, others ? others.filter((format) => ladder.includes(format)) : ladder);
  }
  return Object.fromEntries(ladders);
}

export function formatsOf({ units }: Network, choice: Choice): Formats {
  return Object.fromEntries(units.map(({ name, group }) => [name, choice[group]]));
}

/** Sizes of all values in a run on the feed of median size: sequences differ in length. */
export function sizesInRuns({ source, feeds }: Pick<LatencyQuestion, 'source' | 'feeds'>): Sizes {
  const dims = feedsFor(requiredInputs(source.model.graph), feeds.source).map((feed) =>
    Object.fromEntries(Object.entries(feed).map(([name, tensor]) => [name, tensor.dims])),
  );
  const elements = (of: (typeof dims)[number]) => sum(Object.values(of).map(sizeOf));
  const bySize = [...dims].sort((a, b) => elements(a) - elements(b));
  return sizesFor(source.model, bySize[bySize.length >> 1]);
}

/**
 * What a measured time is of. Times do not hang on scales, so plans are named by what they make of the model, not by the
 * model that is emitted: nothing has to be emitted to find what is known.
 */
export function keyOf({ source, target, threads, feeds }: LatencyQuestion): Key {
  return { model: source.hash, target: digest(target), threads, feeds: feeds.name };
}

export function planName({ bench }: LatencyQuestion, choice: Choice): string {
  const { activations: _, model: __, ...plan } = bench.plan(formatsOf(bench.net, choice));
  return digest(plan);
}

function digest(data: unknown): string {
  return createHash('sha256').update(JSON.stringify(data)).digest('hex').slice(0, 20);
}
