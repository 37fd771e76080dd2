import { resolve } from 'node:path';
import { Command, Option } from 'commander';
import type { z } from 'zod';
import { readOptions } from '../read-options.js';
import { type CacheContents, printCache, printPruned } from '../report/cache.js';
import type { Pruned } from '../store/prune.js';
import { CACHE_GROUPS, LISTING, PRUNING, USUAL_BYTES } from './cache-options.js';
import { printFailure } from './failure.js';
import { flagsOf } from './flags.js';
import { type Presentation, present } from './present.js';

/** A command that works on what is kept, and is no stage of a run. */
interface KeepingCommand<S extends z.ZodObject, Result> extends Presentation<Result> {
  readonly name: string;
  readonly says: string;
  readonly example: string;
  readonly options: S;
  run(settings: z.output<S>): Promise<Result>;
}

const pruneCommand = keepingCommand<typeof PRUNING, Pruned>({
  name: 'prune',
  says: 'Free what was used least recently. What is under way stays.',
  example: 'bitloom cache prune --max-size 1GiB --older-than 30d',
  options: PRUNING,
  run: async ({ cache, maxSize, olderThan, all, dryRun }) => {
    const { pruneCache } = await import('../store/prune.js');
    const limits = { maxBytes: maxSize, all, ...(olderThan !== undefined && { olderThanDays: olderThan }) };
    return pruneCache(await folderOf(cache), { ...limits, dryRun });
  },
  print: printPruned,
});

/** `bitloom cache` lists, `bitloom cache prune` frees. */
export const cacheCommand = keepingCommand<typeof LISTING, CacheContents>({
  name: 'cache',
  says: 'List what was measured and is kept: shared results and runs.',
  example: 'bitloom cache',
  options: LISTING,
  run: async ({ cache }) => {
    const { describeCache } = await import('../store/describe-cache.js');
    return { ...(await describeCache(await folderOf(cache))), maxBytes: USUAL_BYTES };
  },
  print: printCache,
}).addCommand(pruneCommand);

function keepingCommand<S extends z.ZodObject, Result>(command: KeepingCommand<S, Result>): Command {
  const made = new Command(command.name)
    .description(command.says)
    .addHelpText('after', `\nExample:\n  ${command.example}`);
  for (const flag of flagsOf(command.options, CACHE_GROUPS)) made.addOption(flag);
  made.addOption(new Option('--json', 'print the result as JSON').helpGroup('Terminal:'));
  // A flag that `cache` and `prune` share is read by `cache`, wherever it stands.
  return made.action(() => runKeeping(command, made.optsWithGlobals()));
}

async function runKeeping<S extends z.ZodObject, Result>(
  command: KeepingCommand<S, Result>,
  { json = false, ...options }: { readonly json?: boolean },
): Promise<void> {
  try {
    present(command, await command.run(readOptions(command.options, options)), json);
  } catch (error) {
    printFailure(error, { trace: false });
    process.exitCode = 1;
  }
}

async function folderOf(asked: string | undefined): Promise<string> {
  const { defaultCacheFolder } = await import('../store/cache.js');
  return resolve(asked ?? defaultCacheFolder());
}
