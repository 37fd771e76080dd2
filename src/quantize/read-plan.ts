import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { BitloomError } from '../kernel/errors.js';
import { readFailure } from '../kernel/read-errors.js';
import { FORMAT_NAMES } from './formats.js';
import type { Plan } from './plan.js';

const affine = z.object({ scale: z.number().positive(), zeroPoint: z.int() });
const bits = z.union([z.literal(4), z.literal(8), z.literal(16)]);

/** `plan.json`. Readers of version 1 refuse other versions. */
export const planSchema = z.strictObject({
  version: z.literal(1),
  model: z.string(),
  target: z.string(),
  units: z.record(z.string(), z.enum(FORMAT_NAMES)),
  followers: z.record(z.string(), z.union([bits, z.literal('float')])),
  activations: z.record(
    z.string(),
    z.strictObject({ 4: affine.exactOptional(), 8: affine.exactOptional(), 16: affine.exactOptional() }),
  ),
  weights: z.strictObject({
    method: z.enum(['min-max', 'mse']),
    reduceRange: z.boolean(),
    blockSize: z.int().positive(),
    asymmetricBlocks: z.boolean().exactOptional(),
  }),
  emission: z
    .strictObject({
      container: z.enum(['int8', 'packed']).exactOptional(),
      accuracyLevel: z.union([z.literal(0), z.literal(1), z.literal(2), z.literal(3), z.literal(4)]).exactOptional(),
      blocks: z.enum(['matmulnbits', 'qdq']).exactOptional(),
    })
    .exactOptional(),
});

/** Reads a saved plan and checks that it was made for this model. */
export async function readPlan(file: string, modelHash: string): Promise<Plan> {
  const plan = parsePlan(await readFile(file, 'utf8').catch((cause) => unreadable(file, cause)), file);
  if (plan.model === modelHash) return plan;
  throw new BitloomError({
    kind: 'option',
    code: 'plan-of-another-model',
    message: `the plan was made for the model with SHA-256 ${plan.model.slice(0, 12)}..., this one is ${modelHash.slice(0, 12)}...`,
    place: { option: 'plan', file },
    hint: 'give the float model that the plan was made from',
  });
}

const NO_PLAN = 'give the plan.json that `bitloom quantize` wrote beside a model';

function parsePlan(text: string, file: string): Plan {
  const place = { option: 'plan', file };
  try {
    return planSchema.parse(JSON.parse(text));
  } catch (cause) {
    if (!(cause instanceof z.ZodError)) {
      throw new BitloomError(
        { kind: 'option', code: 'bad-plan', message: 'is no JSON', place, hint: NO_PLAN },
        { cause },
      );
    }
    throw new BitloomError(
      cause.issues.map((issue) => ({
        kind: 'option',
        code: 'bad-plan',
        message: `${issue.path.join('.') || 'plan'}: ${issue.message}`,
        place,
        hint: NO_PLAN,
      })),
      { cause },
    );
  }
}

function unreadable(file: string, cause: unknown): never {
  const { message } = readFailure(file, cause).problems[0];
  const place = { option: 'plan', file };
  throw new BitloomError({ kind: 'io', code: 'unreadable-plan', message, place, hint: NO_PLAN }, { cause });
}
