import { BitloomError } from '../../kernel/errors.js';
import { type DenseTensor, elementCount } from '../../kernel/tensor.js';
import type { Padding, SampleResult } from '../metric.js';
import { IGNORED } from './labels.js';
import { numbersOf } from './scores.js';

type Inputs = Readonly<Record<string, DenseTensor>>;

type Counts = (position: number) => boolean;

/** Tells of each token of a sequence whether it is no padding. Sequences of another length than the inputs' count whole. */
export function realTokens(inputs: Inputs, positions: number, padding: Padding): Counts {
  const mask = sequence(inputs.attention_mask, positions);
  const ids = padding.padId === undefined ? undefined : sequence(findIds(inputs, padding), positions);
  return (position) => mask?.[position] !== 0 && (!ids || ids[position] !== padding.padId);
}

/** Tells of each position of an output whether it counts: not padding, and not left out by a label of -100. */
export function countedPositions({ inputs, label }: SampleResult, positions: number, padding: Padding): Counts {
  const real = realTokens(inputs, positions, padding);
  if (typeof label !== 'object' || label.length !== positions) return real;
  return (position) => label[position] !== IGNORED && real(position);
}

/** The input with token ids: the named one, `input_ids`, or the only integer input. */
export function tokenIds(inputs: Inputs, padding: Padding): DenseTensor {
  const found = findIds(inputs, padding);
  if (found) return found;
  throw new BitloomError({
    kind: 'option',
    code: 'unknown-ids-input',
    message: `there is no input ${padding.ids ?? 'input_ids'} to take token ids from`,
    hint: `inputs: ${Object.keys(inputs).join(', ')}`,
  });
}

/** None where the model takes no token ids: then nothing is padding. */
function findIds(inputs: Inputs, { ids }: Padding): DenseTensor | undefined {
  const integers = Object.keys(inputs).filter((name) => /^int(32|64)$/.test(inputs[name].dtype));
  const wanted = ids ?? (integers.length === 1 ? integers[0] : 'input_ids');
  return Object.hasOwn(inputs, wanted) ? inputs[wanted] : undefined;
}

function sequence(input: DenseTensor | undefined, positions: number): ArrayLike<number> | undefined {
  return input && elementCount(input) === positions ? numbersOf(input) : undefined;
}
