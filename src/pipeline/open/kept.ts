import { createHash } from 'node:crypto';
import { basename, extname, resolve } from 'node:path';
import type { QuantizeSettings } from '../../options.js';
import { processorName } from '../../runtime/cores.js';
import { ortRuntime } from '../../runtime/ort.js';
import { defaultCacheFolder, runFolder as folderOfRun, openCache } from '../../store/cache.js';
import { codeVersion } from '../../store/code-version.js';
import type { Key } from '../../store/result-kind.js';
import { layered, type Results } from '../../store/results.js';
import { openRun } from '../../store/run-store.js';
import type { OpenedModel } from './open-model.js';

type CacheSettings = Pick<QuantizeSettings, 'cache' | 'cacheSize' | 'fresh'>;
type RunSettings = CacheSettings & Pick<QuantizeSettings, 'run'>;

/** What was measured before, here or in other runs, and the place for what is measured now. */
export interface Kept {
  readonly results: Results;
  /** What the user should know of the place by now: damaged parts were set aside. */
  complaints(): readonly string[];
}

/** Works with what all runs share. */
export function withCache<T>(settings: CacheSettings, work: (kept: Kept) => Promise<T>): Promise<T> {
  return openedCache(settings, ({ results, complaints }) => work({ results: circumstantial(results), complaints }));
}

/** A run's results, and the folder in which they lie. */
export interface KeptRun extends Kept {
  readonly runFolder: string;
}

/** Works in a run's own folder; what it does not hold is looked up among what all runs share. */
export function withRun<T>(
  command: string,
  settings: RunSettings,
  source: OpenedModel,
  signal: AbortSignal | undefined,
  work: (kept: KeptRun) => Promise<T>,
): Promise<T> {
  return openedCache(settings, async (cache) => {
    const about = aboutRun(command, settings, source);
    const folder = resolve(settings.run ?? folderOfRun(cache.folder, about.id));
    const run = await openRun(folder, about, { fresh: settings.fresh });
    const results = circumstantial(layered(run, cache.results));
    try {
      const done = await work({ results, runFolder: folder, complaints: () => [...cache.complaints(), ...run.notes] });
      run.finish('finished');
      return done;
    } catch (error) {
      run.finish(signal?.aborted ? 'interrupted' : 'failed');
      throw error;
    } finally {
      await run.close();
    }
  });
}

async function openedCache<T>(
  { cache: asked, cacheSize, fresh }: CacheSettings,
  work: (cache: Kept & { readonly folder: string }) => Promise<T>,
): Promise<T> {
  const folder = resolve(asked ?? defaultCacheFolder());
  const cache = await openCache(folder, { maxBytes: cacheSize });
  try {
    return await work({ folder, complaints: () => cache.notes, results: fresh ? writeOnly(cache) : cache });
  } finally {
    await cache.close();
  }
}

/** What a measured figure depends on beside what was measured: the code that did it, the runtime and the processor. */
function circumstantial(results: Results): Results {
  const circumstances: Key = {
    code: codeVersion(),
    runtime: `${ortRuntime.name} ${ortRuntime.version}`,
    cpu: processorName(),
  };
  return {
    ...results,
    find: (kind, key) => results.find(kind, { ...circumstances, ...key }),
    keep: (kind, key, value) => results.keep(kind, { ...circumstances, ...key }, value),
    once: (kind, key, compute) => results.once(kind, { ...circumstances, ...key }, compute),
  };
}

function writeOnly(results: Results): Results {
  return { ...results, find: async () => undefined, file: async () => undefined };
}

/** Settings that change neither what is measured nor what is decided by it. */
const ELSEWHERE = ['model', 'out', 'overwrite', 'name', 'dryRun', 'memory', 'run', 'cache', 'cacheSize', 'fresh'];

/** The same model, data and question are the same run. */
function aboutRun(command: string, settings: RunSettings, { files, hash }: OpenedModel) {
  const asked = Object.fromEntries(
    Object.entries(settings).flatMap(([name, value]) => (ELSEWHERE.includes(name) ? [] : [[name, plain(name, value)]])),
  );
  const digest = createHash('sha256')
    .update(JSON.stringify([command, hash, asked]))
    .digest('hex')
    .slice(0, 12);
  const name = basename(files.model, extname(files.model));
  return {
    id: `${name}-${digest}`,
    command,
    model: { path: resolve(files.model), hash },
    settings: asked,
  };
}

const SOURCES = ['data', 'calibration', 'selection', 'holdout'];

/** Samples that a program makes have no name. */
function plain(name: string, value: unknown): Key[string] {
  if (SOURCES.includes(name)) return typeof value === 'string' ? resolve(value) : 'given by a program';
  return JSON.parse(JSON.stringify(value));
}
