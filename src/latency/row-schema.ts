import { z } from 'zod';
import { FORMAT_NAMES } from '../quantize/formats.js';
import type { UnitOp } from '../quantize/unit.js';
import type { TableRow } from './latency-table.js';
import type { UnitShape } from './unit-shape.js';

export const UNIT_OPS: readonly UnitOp[] = ['Conv', 'ConvTranspose', 'Gemm', 'MatMul'];

export const formatSchema = z.enum(FORMAT_NAMES);

const sizes = z
  .string()
  .regex(/^[1-9]\d*(x[1-9]\d*)*$/, 'is no list of sizes: write 1x64x56x56')
  .describe('sizes of one run, such as 1x64x56x56');

/** One row of a latency table, as a file writes it; a CSV has a column for each name. */
export const rowSchema = z
  .strictObject({
    operator: z.enum(UNIT_OPS),
    first: sizes.describe('first factor'),
    second: sizes.describe('second factor'),
    output: sizes,
    weight: z.enum(['first', 'second', 'none']).default('second').describe('which factor is the weight'),
    group: z.int().min(1).default(1).describe('groups of a convolution'),
    strides: sizes.exactOptional(),
    dilations: sizes.exactOptional(),
    format: formatSchema,
    milliseconds: z.number().positive(),
  })
  .meta({ description: 'what a unit of one shape takes in one format' });

export type FileRow = z.output<typeof rowSchema>;

export function tableRow({ format, milliseconds, ...row }: FileRow): TableRow {
  return { shape: shapeOf(row), format, milliseconds };
}

function shapeOf(row: Omit<FileRow, 'format' | 'milliseconds'>): UnitShape {
  return {
    op: row.operator,
    first: numbers(row.first),
    second: numbers(row.second),
    output: numbers(row.output),
    weight: row.weight,
    group: row.group,
    strides: unlessOnes(row.strides),
    dilations: unlessOnes(row.dilations),
  };
}

function numbers(text: string): readonly number[] {
  return text.split('x').map(Number);
}

function unlessOnes(text = '1'): readonly number[] {
  const given = numbers(text);
  return given.every((size) => size === 1) ? [] : given;
}
