import { z } from 'zod';
import { parseDays } from '../option-text.js';
import { STAGES, written } from '../options.js';

const { cache, cacheSize } = STAGES.quantize.shape;

const LIMITS = {
  maxSize: cacheSize,
  olderThan: z
    .string()
    .transform(written(parseDays))
    .meta({ title: 'time', description: 'free what was last used before that: 30d, 12h or 2w' })
    .exactOptional(),
  all: z.boolean().default(false).describe('free everything but the runs under way'),
  dryRun: z.boolean().default(false).describe('only tell what would be freed'),
};

/** What `bitloom cache` takes. */
export const LISTING = z.strictObject({ cache });
/** What `bitloom cache prune` takes. */
export const PRUNING = z.strictObject({ cache, ...LIMITS });

/** The options in the groups that help shows. */
export const CACHE_GROUPS = { Keeping: { cache, ...LIMITS } };

/** The bound that a command keeps the cache to where none is asked for. */
export const USUAL_BYTES = z.parse(cacheSize, undefined);
