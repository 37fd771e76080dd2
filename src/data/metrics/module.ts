import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { BitloomError } from '../../kernel/errors.js';
import type { Metric, SampleResult } from '../metric.js';
import { ratioOfTotals } from './totals.js';

/**
 * A user's own metric: a module that exports `metric` (or a default), either a whole `Metric` or a function from a
 * sample's result to a number, of which the mean over samples is taken and more is better.
 */
export async function loadMetricModule(path: string): Promise<Metric> {
  const file = resolve(path);
  const exports = await importModule(file);
  const found = exports.metric ?? exports.default;
  if (isMetric(found)) return found;
  if (isScore(found)) return meanOf(path, found);
  throw moduleError(
    file,
    'metric-module-without-metric',
    'the module exports no metric',
    'export `metric`: a function (result) => number, or an object with name, kind, higherIsBetter, needsLabels, row and value',
  );
}

async function importModule(file: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return await import(pathToFileURL(file).href);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const why = error instanceof Error ? error.message : String(error);
    const hint =
      code === 'ERR_UNKNOWN_FILE_EXTENSION'
        ? 'this Node.js reads no TypeScript: use Node.js 22.18 or later, `node --import tsx`, or a .js file'
        : undefined;
    throw moduleError(file, 'metric-module-not-loaded', `the metric's module does not load: ${why}`, hint, error);
  }
}

function meanOf(name: string, score: (result: SampleResult) => number): Metric {
  return {
    name,
    higherIsBetter: true,
    kind: 'mean',
    needsLabels: false,
    row: (result) => {
      const value = score(result);
      if (typeof value === 'number') return [value, 1];
      throw moduleError(resolve(name), 'metric-not-a-number', `the metric returned ${typeof value}, not a number`);
    },
    value: ratioOfTotals,
  };
}

const KINDS: readonly unknown[] = ['proportion', 'mean', 'set'];

function isMetric(value: unknown): value is Metric {
  if (typeof value !== 'object' || value === null) return false;
  const has = (name: string, type: string) => name in value && typeof Reflect.get(value, name) === type;
  const flags = has('higherIsBetter', 'boolean') && has('needsLabels', 'boolean');
  return has('name', 'string') && flags && KINDS.includes(Reflect.get(value, 'kind')) && hasFunctions(value);
}

function hasFunctions(value: object): boolean {
  return ['row', 'value'].every((name) => typeof Reflect.get(value, name) === 'function');
}

function isScore(value: unknown): value is (result: SampleResult) => number {
  return typeof value === 'function';
}

function moduleError(file: string, code: string, message: string, hint?: string, cause?: unknown): BitloomError {
  return new BitloomError({ kind: 'option', code, message, place: { file }, ...(hint && { hint }) }, { cause });
}
