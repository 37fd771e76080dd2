import type { Value } from '../graph/model.js';
import { BitloomError, type Place } from '../kernel/errors.js';

/** How labels of a set are read. */
export interface LabelRules {
  /** `class`: an index; `real`: any number (a regression target). */
  readonly kind: 'class' | 'real';
  /** Number of classes, where the model's output tells. */
  readonly classes?: number;
  /** Names by index, so that labels may be words. */
  readonly names?: readonly string[];
}

/** The model's output tells, or else the names of its classes. One column of output is a regression; more are classes. An unknown or image-like output says nothing. */
export function labelRulesOf(outputs: readonly Value[] = [], names?: readonly string[]): LabelRules {
  const type = outputs[0]?.type;
  const shape = type?.kind === 'tensor' ? type.shape : undefined;
  const stated = shape?.length === 2 ? shape[1] : undefined;
  const columns = typeof stated === 'number' ? stated : names?.length;
  if (columns === 1) return { kind: 'real' };
  return {
    kind: 'class',
    ...(typeof columns === 'number' && { classes: columns }),
    ...(names && { names }),
  };
}

/** A label from a cell or a JSON value; throws an error at `place` when it is none. */
export function parseLabel(raw: unknown, rules: LabelRules, place: Place): number {
  const text = String(raw).trim();
  const named = rules.names?.indexOf(text) ?? -1;
  const value = named >= 0 ? named : text === '' ? Number.NaN : Number(text);
  if (rules.kind === 'real') return realLabel(value, text, place);
  if (!Number.isInteger(value)) throw notAClass(text, rules, place);
  if (value < 0 || value >= (rules.classes ?? Number.POSITIVE_INFINITY)) throw outOfRange(value, rules, place);
  return value;
}

function realLabel(value: number, text: string, place: Place): number {
  if (Number.isFinite(value)) return value;
  throw new BitloomError({
    kind: 'data',
    code: 'label-not-a-number',
    message: `label "${text}" is not a number`,
    place,
  });
}

function notAClass(text: string, { names }: LabelRules, place: Place): BitloomError {
  return new BitloomError({
    kind: 'data',
    code: 'label-not-an-integer',
    message: `label "${text}" is not a class index`,
    place,
    hint: names
      ? `A label is an integer, or one of: ${names.slice(0, 20).join(', ')}.`
      : 'A label is an integer, counted from 0.',
  });
}

function outOfRange(value: number, { classes }: LabelRules, place: Place): BitloomError {
  return new BitloomError({
    kind: 'data',
    code: 'label-out-of-range',
    message: `label ${value} is out of range${classes === undefined ? '' : `: the model has ${classes} classes`}`,
    place,
    hint: classes === undefined ? 'Classes count from 0.' : `Classes count from 0 to ${classes - 1}.`,
  });
}
