import type { Reduced, Wanted } from '../../replay/reduce.js';
import { type Replayed, replay, type VariantRows } from '../../replay/replay.js';
import type { Variant } from '../../replay/variant.js';
import { type Key, resultKind } from '../../store/result-kind.js';
import { digestOf } from '../select/estimate-all.js';
import type { MeasureOptions } from '../select/measure-options.js';

const REPLAYED = resultKind<readonly Reduced[]>('replayed');

export interface ReplayAsked {
  readonly variants: readonly Variant[];
  /** What is kept of their answers, the divergence beside it. */
  readonly wanted: Pick<Wanted, 'outputs'>;
  /** The first of the ranking samples. */
  readonly samples: number;
  readonly onRows: (rows: VariantRows) => void;
}

/** Runs variants of the float model on ranking samples; every variant on a block of samples is kept. */
export async function replayVariants(options: MeasureOptions, asked: ReplayAsked): Promise<Replayed> {
  const { source, bench, calibrated, executor, results, float, observer, ran, signal, settings } = options;
  const { set, kinds } = await float.ranking();
  const { variants, samples, onRows } = asked;
  const { ids, padId } = float.spec;
  const padding = { ...(ids !== undefined && { ids }), ...(padId !== undefined && { padId }) };
  const wanted: Wanted = { divergence: { kinds, padding }, ...asked.wanted };
  const of = digestOf([calibrated.activations, bench.weights, bench.net.rules.name, wanted]);
  const common = { model: source.hash, set: set.hash, threads: executor.threads, of };
  const key = (variant: Variant, { from, to }: Pick<VariantRows, 'from' | 'to'>): Key => ({
    ...{ ...common, from, to },
    variant: variant.map(({ unit, format }) => [unit, format]),
  });
  const done = await replay(
    executor,
    {
      ...{ model: source.model, modelHash: source.hash, target: bench.net.rules, weights: bench.weights },
      ...{ activations: calibrated.activations, variants, set, wanted },
    },
    {
      range: { from: 0, to: samples },
      recall: (variant, block) => results.find(REPLAYED, key(variant, block)),
      record: async (rows) => {
        for (const row of rows) await results.keep(REPLAYED, key(row.variant, row), row.samples);
      },
      onRows,
      onProgress: (count, total) => observer?.progress({ stage: 'interactions', done: count, total }),
      ...(settings.memory !== undefined && { memory: settings.memory }),
      ...(signal && { signal }),
    },
  );
  ran?.(done.asked - done.recalled);
  return done;
}
