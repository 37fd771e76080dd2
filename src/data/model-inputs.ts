import type { Value } from '../graph/model.js';
import { BitloomError, type Problem, throwAll } from '../kernel/errors.js';
import { printShape, type Shape } from '../kernel/shape.js';
import { type DenseTensor, fromNumbers, type NumericDType, toNumbers } from '../kernel/tensor.js';

/** What the model asks of one of its inputs; no shape where the file states none. */
export interface ModelInput {
  readonly name: string;
  readonly dtype: NumericDType;
  readonly shape?: Shape;
}

/** The inputs that samples must fill. Only dense numeric tensors can be read from data. */
export function modelInputs(values: readonly Value[]): readonly ModelInput[] {
  throwAll(values.flatMap(unreadable));
  return values.flatMap(({ name, type }) =>
    type?.kind === 'tensor' && type.dtype !== 'string'
      ? [{ name, dtype: type.dtype, ...(type.shape && { shape: type.shape }) }]
      : [],
  );
}

function unreadable({ name, type }: Value): readonly Problem[] {
  if (type?.kind === 'tensor' && type.dtype !== 'string') return [];
  const got = type === undefined ? 'no stated type' : type.kind === 'tensor' ? 'strings' : `a ${type.kind}`;
  return [
    {
      kind: 'model',
      code: 'unsupported-input',
      message: `takes ${got}; samples can hold numeric tensors only`,
      place: { tensor: name },
    },
  ];
}

/** The tensor when it fits the input; values that another integer or float type holds are converted. */
export function fitted(input: ModelInput, value: DenseTensor, sample: string): DenseTensor {
  if (!shapeFits(input.shape, value.dims)) throw misfit(input, value, sample);
  if (value.dtype === input.dtype) return value;
  if (!convertible(value.dtype, input.dtype)) throw misfit(input, value, sample);
  return fromNumbers(input.dtype, value.dims, toNumbers(value));
}

/** Samples are one at a time: a model with a larger batch written into it cannot take them. */
export function refuseFixedBatch({ name, shape }: ModelInput): void {
  const batch = shape?.[0];
  if (typeof batch !== 'number' || batch === 1) return;
  throw new BitloomError({
    kind: 'model',
    code: 'fixed-batch',
    message: `takes ${batch} samples at a time`,
    place: { tensor: name },
    hint: 'Export it with a dynamic batch dimension, or a batch of 1.',
  });
}

export function shapeFits(shape: Shape | undefined, dims: readonly number[]): boolean {
  if (shape === undefined) return true;
  return shape.length === dims.length && shape.every((dim, i) => typeof dim !== 'number' || dim === dims[i]);
}

const INTEGERS: readonly string[] = ['int64', 'int32', 'int16', 'uint16', 'int8', 'uint8', 'bool'];
const FLOATS: readonly string[] = ['float64', 'float32', 'float16'];

/** Ids come as any integer type and features as any float type; floats to integers is a mistake, bytes to floats too. */
function convertible(from: NumericDType, to: NumericDType): boolean {
  return (INTEGERS.includes(from) && INTEGERS.includes(to)) || (FLOATS.includes(from) && FLOATS.includes(to));
}

function misfit(input: ModelInput, value: DenseTensor, sample: string): BitloomError {
  const wanted = `${input.dtype}${input.shape ? printShape(input.shape) : ''}`;
  return new BitloomError({
    kind: 'data',
    code: 'input-mismatch',
    message: `the model's input ${input.name} wants ${wanted}, the data has ${value.dtype}${printShape(value.dims)}`,
    place: { sample },
    hint: '`bitloom inspect` shows the inputs of the model; bring the data into that form',
  });
}
