import { z } from 'zod';
import type { Format } from '../quantize/formats.js';
import type { KernelRule } from '../quantize/rules.js';
import type { UnitOp } from '../quantize/unit.js';
import { formatSchema, rowSchema, tableRow } from './row-schema.js';
import type { Costs, Target } from './target.js';

const sentence = z.string().min(1);
const ladder = z
  .array(formatSchema)
  .min(1)
  .describe('formats to search, the baseline first, each faster than the last');

const rule = z
  .strictObject({
    formats: z.array(formatSchema).min(1),
    compute: z.enum(['integer', 'float']).describe('whether stored integers are multiplied, or dequantized first'),
    output: z.enum(['quantized', 'either', 'float']).describe('whether the kernel must, may or cannot store integers'),
    kernels: z
      .array(z.string())
      .min(1)
      .describe('operators that ONNX Runtime, which judges the plan, may execute for these formats'),
    emulated: z.boolean().default(false).describe('the target has no such kernel: for size or study, not for speed'),
  })
  .meta({ description: 'what the target does with some formats' });

const operator = z.strictObject({
  ladder,
  rules: z.array(rule).min(1),
  lacks: sentence.describe('why the operator cannot take any other format'),
});

const follower = z.strictObject({
  scale: z
    .enum(['fused', 'same', 'own'])
    .describe('fused into the quantization after it; moves integers and keeps their scale; has a scale of its own'),
  inputs: z.enum(['first', 'all']).default('first').describe('which inputs carry data'),
  kernel: z.string().default('').describe('operator that executes it; none where it is fused'),
});

const emission = z.strictObject({
  activations: z.literal('uint').describe('unsigned integers with a zero point'),
  weights: z.literal('int-symmetric').describe('signed integers, one scale an output channel, no zero point'),
  container: z.enum(['int8', 'packed']).describe('what holds 4-bit integers'),
  blocks: z.enum(['matmulnbits', 'qdq']).describe('how block-wise weights are written'),
  accuracyLevel: z
    .literal([0, 1, 2, 3, 4])
    .describe("MatMulNBits' accuracy_level: 4 rounds activations to int8, 1 computes in float"),
});

const rate = z.number().positive();
const costs = z.discriminatedUnion('source', [
  z.strictObject({ source: z.literal('measured') }),
  z.strictObject({
    source: z.literal('roofline'),
    rates: z.partialRecord(formatSchema, rate).describe('operations a second; a multiply-accumulate is two'),
    bandwidth: rate.describe('bytes a second'),
    launch: z.number().min(0).describe('seconds an operator costs beside its work'),
    floatBits: z.literal([16, 32]).describe('width of what no format stores as integers'),
  }),
  z.strictObject({ source: z.literal('table'), rows: z.array(rowSchema).min(1) }),
  z.strictObject({
    source: z.literal('none'),
    count: z.enum(['macs', 'bytes']).describe('what is counted in place of time'),
    says: sentence,
  }),
]);

const origin = z.strictObject({
  kind: z.enum(['measured', 'published', 'assumed']),
  date: z.iso.date(),
  processor: sentence,
  command: sentence.exactOptional(),
  versions: z.record(z.string(), z.string()).exactOptional(),
  heldOutError: z.strictObject({ median: z.number(), p95: z.number() }).exactOptional(),
  sources: z.array(z.url()).min(1).exactOptional(),
});

/** A target as its JSON file writes it. Readers of version 1 refuse other versions. */
export const targetSchema = z.strictObject({
  $schema: z.string().exactOptional(),
  version: z.literal(1),
  name: sentence.describe('what people call it'),
  says: sentence.describe('one sentence on what it is'),
  runtime: sentence,
  provider: sentence.describe('execution provider'),
  baseline: formatSchema.describe('what others are compared with, and the first of every ladder'),
  operators: z.strictObject({ Conv: operator, ConvTranspose: operator, Gemm: operator, MatMul: operator }),
  products: ladder.describe('ladder of products of two activations'),
  followerBits: z.literal([4, 8, 16]).describe('width of the integers that followers carry'),
  followers: z.record(z.string(), follower).describe('operators without a weight that carry integers through'),
  emission,
  costs,
  origin,
});

export type TargetFile = z.output<typeof targetSchema>;
type Operator = TargetFile['operators'][UnitOp];

/** The target that a file describes; `name` is what `loadTarget` found it by. */
export function targetOf({ operators, $schema: _, version: __, costs, ...rest }: TargetFile, name: string): Target {
  return {
    ...rest,
    name,
    ladder: each(operators, (operator) => operator.ladder),
    kernels: each(operators, kernelRules),
    lacks: each(operators, (operator) => operator.lacks),
    costs: costsOf(costs),
  };
}

function each<T>(operators: TargetFile['operators'], read: (operator: Operator) => T): Record<UnitOp, T> {
  const { Conv, ConvTranspose, Gemm, MatMul } = operators;
  return { Conv: read(Conv), ConvTranspose: read(ConvTranspose), Gemm: read(Gemm), MatMul: read(MatMul) };
}

function kernelRules({ rules }: Operator): { readonly [F in Format]?: KernelRule } {
  return Object.fromEntries(rules.flatMap(({ formats, ...kernel }) => formats.map((format) => [format, kernel])));
}

function costsOf(costs: TargetFile['costs']): Costs {
  return costs.source === 'table' ? { source: 'table', rows: costs.rows.map(tableRow) } : costs;
}
