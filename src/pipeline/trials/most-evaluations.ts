import type { QuantizeSettings } from '../../options.js';
import { MAX_EVALUATIONS } from '../../search/frontier.js';
import { type Choice, HARSHER_FORMATS } from '../choices.js';
import { MOST_TRIALS } from './harsher-plans.js';

/** Plans that a run evaluates at most on the selection samples. */
export function mostEvaluations(settings: QuantizeSettings, choices: readonly Choice[]): number {
  if (settings.plan !== undefined) return 1;
  const line = settings.decide === 'certify' || settings.keep.kind === 'kl' ? 0 : HARSHER_FORMATS.length * MOST_TRIALS;
  if (settings.uniform !== undefined) return line + 1;
  const steps = Math.max(0, ...choices.map(({ ladder }) => ladder.length - 1));
  const open = choices.filter(({ ladder }) => ladder.length > 1).length;
  const step = settings.search === 'greedy' ? open : 1 + 2 * Math.ceil(Math.log2(open + 1));
  const frontier = settings.search === 'frontier' ? MAX_EVALUATIONS : 0;
  return line + frontier + 1 + steps + steps * step;
}
