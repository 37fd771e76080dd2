import { INTERACTIONS } from '../../src/search/damage/damage-source.js';
import { shown } from '../rankers/render.js';
import type { DamageStep, Quality } from './figures.js';

/** `.93 (.85 to .97) 1.02x`: the rank correlation, and the median of predicted over measured divergence. */
export function cell({ spearman, ratio }: Quality): string {
  return `${shown(spearman)} ${ratio.toFixed(2)}x`;
}

/** A line a mix and source. */
export function lines({ mixes, passes }: DamageStep): readonly string[] {
  return Object.entries(mixes).flatMap(([mix, qualities]) =>
    INTERACTIONS.flatMap((name) => {
      const quality = qualities[name];
      if (!quality) return [];
      const { low, high } = quality;
      return [
        `  ${mix}, ${name}: ${cell(quality)} (${low.toFixed(2)} to ${high.toFixed(2)}), ${passes[name].toFixed(0)} passes`,
      ];
    }),
  );
}
