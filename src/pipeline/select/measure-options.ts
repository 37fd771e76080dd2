import type { Observer } from '../../kernel/observer.js';
import type { Run } from '../run.js';

/** What measures of units are taken with. */
export interface MeasureOptions
  extends Pick<Run, 'source' | 'choices' | 'bench' | 'executor' | 'results' | 'calibrated'> {
  readonly settings: Pick<Run['settings'], 'reduceRange' | 'blockSize' | 'seed' | 'memory'>;
  readonly float: Pick<Run['float'], 'spec' | 'ranking'>;
  /** Told how many samples a model was run on, those that were known left out. */
  readonly ran?: (samples: number) => void;
  readonly observer?: Observer;
  readonly signal?: AbortSignal | undefined;
}
