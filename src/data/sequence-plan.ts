import { BitloomError } from '../kernel/errors.js';
import { printShape } from '../kernel/shape.js';
import { type DenseTensor, fromNumbers } from '../kernel/tensor.js';
import { type ModelInput, refuseFixedBatch } from './model-inputs.js';

/** What an input of a sequence model is fed from. */
type Role = 'ids' | 'mask' | 'types' | 'positions';

const ROLES: Readonly<Record<string, Role>> = {
  input_ids: 'ids',
  ids: 'ids',
  tokens: 'ids',
  attention_mask: 'mask',
  input_mask: 'mask',
  mask: 'mask',
  token_type_ids: 'types',
  segment_ids: 'types',
  position_ids: 'positions',
};

/** A tokenised text, not yet padded. */
export interface Sequence {
  readonly ids: readonly number[];
  readonly mask?: readonly number[];
  readonly typeIds?: readonly number[];
}

/** How sequences fill the model's inputs. */
export interface SequencePlan {
  readonly roles: ReadonlyMap<ModelInput, Role>;
  /** The model's fixed length; absent where each sequence keeps its own. */
  readonly fixedLength?: number;
  readonly padId?: number;
}

/** Undefined when the inputs are not those of a sequence model. */
export function sequencePlan(inputs: readonly ModelInput[], padId?: number): SequencePlan | undefined {
  const roles = new Map<ModelInput, Role>();
  for (const input of inputs) {
    const role = Object.hasOwn(ROLES, input.name) ? ROLES[input.name] : onlyIds(inputs);
    if (role) roles.set(input, role);
  }
  if (![...roles.values()].includes('ids')) return undefined;
  refuseOthers(inputs.filter((input) => !roles.has(input)));
  for (const input of roles.keys()) refuseFixedBatch(input);
  const lengths = inputs.flatMap(({ shape }) => (typeof shape?.[1] === 'number' ? [shape[1]] : []));
  return { roles, ...(lengths.length > 0 && { fixedLength: lengths[0] }), ...(padId !== undefined && { padId }) };
}

/** The only input of a model takes ids whatever its name, if it takes a matrix of integers. */
function onlyIds(inputs: readonly ModelInput[]): Role | undefined {
  const [{ dtype, shape }] = inputs;
  return inputs.length === 1 && /^int(32|64)$/.test(dtype) && shape?.length === 2 ? 'ids' : undefined;
}

function refuseOthers(others: readonly ModelInput[]): void {
  if (others.length === 0) return;
  throw new BitloomError(
    others.map(({ name, dtype, shape }) => ({
      kind: 'data',
      code: 'unsupported-input',
      message: `text cannot fill the model's input ${name} ${dtype}${shape ? printShape(shape) : ''}`,
      place: { tensor: name },
      hint: /past|cache/.test(name)
        ? 'Export the model without a key-value cache (use_cache false).'
        : 'Pass the data as .npz with one array per input, or from a module.',
    })),
  );
}

export function padded(plan: SequencePlan, length: number, sample: string): number {
  const { fixedLength = length, padId } = plan;
  if (length === 0) throw noTokens(sample);
  if (length > fixedLength) throw tooLong(length, fixedLength, sample);
  if (length < fixedLength && padId === undefined) throw noPadding(fixedLength, sample);
  return fixedLength;
}

/** `[1, T]` of each input; positions beyond the text hold the padding token, masked. */
export function sequenceInputs(plan: SequencePlan, sequence: Sequence, sample: string): Record<string, DenseTensor> {
  const length = padded(plan, sequence.ids.length, sample);
  const fill = (values: readonly number[], rest: number) =>
    Array.from({ length }, (_, i) => (i < values.length ? values[i] : rest));
  const ones = sequence.ids.map(() => 1);
  const values: Readonly<Record<Role, readonly number[]>> = {
    ids: fill(sequence.ids, plan.padId ?? 0),
    mask: fill(sequence.mask ?? ones, 0),
    types: fill(sequence.typeIds ?? [], 0),
    positions: Array.from({ length }, (_, i) => i),
  };
  const tensors = [...plan.roles].map(([{ name, dtype }, role]) => [
    name,
    fromNumbers(dtype, [1, length], values[role]),
  ]);
  return Object.fromEntries(tensors);
}

/** The token that follows at each position; -100 at the last one and where the following one is padding or masked. */
export function nextTokens(plan: SequencePlan, sequence: Sequence, sample: string): readonly number[] {
  const length = padded(plan, sequence.ids.length, sample);
  const counts = countedPositions(plan, sequence);
  return Array.from({ length }, (_, i) => (counts(i + 1) ? sequence.ids[i + 1] : -100));
}

/** Without a mask the padding at the end is told by its id; within a text that id may mean something (often the end). */
function countedPositions({ padId }: SequencePlan, { ids, mask }: Sequence): (position: number) => boolean {
  if (mask) return (i) => i < ids.length && mask[i] !== 0;
  const end = ids.findLastIndex((id) => id !== padId) + 1;
  return (i) => i < end;
}

function noTokens(sample: string): BitloomError {
  return new BitloomError({ kind: 'data', code: 'empty-text', message: 'has no tokens', place: { sample } });
}

function tooLong(length: number, fixed: number, sample: string): BitloomError {
  return new BitloomError({
    kind: 'data',
    code: 'sequence-too-long',
    message: `has ${length} tokens, the model takes ${fixed}`,
    place: { sample },
  });
}

function noPadding(fixed: number, sample: string): BitloomError {
  return new BitloomError({
    kind: 'data',
    code: 'padding-unknown',
    message: `is shorter than the ${fixed} tokens that the model takes, and no padding token is known`,
    place: { sample },
    hint: 'It is read from tokenizer.json, config.json (pad_token_id), or a vocab.json or vocab.txt beside the data.',
  });
}
