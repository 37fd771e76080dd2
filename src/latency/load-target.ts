import { didYouMean } from '../kernel/did-you-mean.js';
import { BitloomError } from '../kernel/errors.js';
import type { Target } from './target.js';
import { ortCpu } from './targets/ort-cpu.js';

const TARGETS: Readonly<Record<string, Target>> = { [ortCpu.name]: ortCpu };

export const targetNames: readonly string[] = Object.keys(TARGETS);

/** The target of this name. */
export function loadTarget(name: string): Target {
  if (Object.hasOwn(TARGETS, name)) return TARGETS[name];
  throw new BitloomError({
    kind: 'option',
    code: 'unknown-target',
    message: `there is no target ${name}`,
    place: { option: 'target' },
    hint: didYouMean(name, targetNames),
  });
}
