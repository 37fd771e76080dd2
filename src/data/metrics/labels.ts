import { BitloomError } from '../../kernel/errors.js';
import type { SampleResult } from '../metric.js';

/** The mark of positions that a label leaves out (PyTorch's `ignore_index`). */
export const IGNORED = -100;

/** The sample's class, checked against the number of classes that the model tells apart. */
export function classLabel({ label }: SampleResult, classes: number): number {
  if (typeof label !== 'number') throw wrongLabel(label === undefined ? 'none' : 'one for each position', 'one class');
  return checkClass(label, classes);
}

/** One class a position, `IGNORED` where none. */
export function positionLabels({ label }: SampleResult, positions: number, classes: number): readonly number[] {
  if (label === undefined || typeof label === 'number' || label.length !== positions) {
    const given = label === undefined ? 'none' : typeof label === 'number' ? 'one' : `${label.length}`;
    throw wrongLabel(given, `one for each of the ${positions} positions`);
  }
  for (const item of label) if (item !== IGNORED) checkClass(item, classes);
  return label;
}

/** A real target. */
export function realLabel({ label }: SampleResult): number {
  if (typeof label !== 'number') throw wrongLabel(label === undefined ? 'none' : 'several', 'one number');
  return label;
}

function checkClass(label: number, classes: number): number {
  if (Number.isInteger(label) && label >= 0 && label < classes) return label;
  throw new BitloomError({
    kind: 'data',
    code: 'label-out-of-range',
    message: `the label ${label} is not one of the model's ${classes} classes (0 to ${classes - 1})`,
  });
}

function wrongLabel(given: string, wanted: string): BitloomError {
  const message = `the metric needs labels: ${wanted} a sample, given ${given}`;
  return new BitloomError({ kind: 'data', code: given === 'none' ? 'missing-label' : 'wrong-label', message });
}
