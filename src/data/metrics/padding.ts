import { BitloomError } from '../../kernel/errors.js';
import { type DenseTensor, elementCount, toNumbers } from '../../kernel/tensor.js';
import type { Padding } from '../metric.js';

type Inputs = Readonly<Record<string, DenseTensor>>;

/** Tells of each position of a sequence whether it counts. Outputs of another length than the sequence count whole. */
export function countedPositions(inputs: Inputs, positions: number, padding: Padding): (position: number) => boolean {
  const mask = sequence(inputs.attention_mask, positions);
  const ids = padding.padId === undefined ? undefined : sequence(tokenIds(inputs, padding), positions);
  return (position) => mask?.[position] !== 0 && (!ids || ids[position] !== padding.padId);
}

/** The input with token ids: the named one, `input_ids`, or the only integer input. */
export function tokenIds(inputs: Inputs, { ids }: Padding): DenseTensor {
  const integers = Object.keys(inputs).filter(
    (name) => inputs[name].dtype === 'int64' || inputs[name].dtype === 'int32',
  );
  const wanted = ids ?? (integers.length === 1 ? integers[0] : 'input_ids');
  if (Object.hasOwn(inputs, wanted)) return inputs[wanted];
  throw new BitloomError({
    kind: 'option',
    code: 'unknown-ids-input',
    message: `there is no input ${wanted} to take token ids from`,
    hint: `inputs: ${Object.keys(inputs).join(', ')}`,
  });
}

function sequence(input: DenseTensor | undefined, positions: number): ArrayLike<number> | undefined {
  return input && elementCount(input) === positions ? toNumbers(input) : undefined;
}
