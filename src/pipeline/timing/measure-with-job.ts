import { basename, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { BitloomError } from '../../kernel/errors.js';
import type { JobHandler } from '../../runtime/job.js';
import type { RoundTimes } from '../../runtime/latency-statistics.js';
import { type TurnLimits, takeTurns } from '../../runtime/turns.js';

export interface MeasureInput extends TurnLimits {
  /** Path of the user's module. */
  readonly module: string;
  /** Models to measure; none to see only whether the module can be used. */
  readonly files: readonly string[];
}

/** What such a module exports: milliseconds of one run of the model at a path, on whatever device it stands for. */
export type Measure = (file: string) => number | Promise<number>;

/** Enough that a chance agreement of a few rounds ends nothing; each may take seconds on a device. */
const FIRST_LOOK = { rounds: 8, ms: 0 };

/** Lets the user's module measure each model once a round, after one round that does not count. */
const measureInTurns: JobHandler<MeasureInput, RoundTimes, number> = async (input, context) => {
  const { module, files } = input;
  const measure = await loadMeasure(module);
  if (files.length === 0) return [];
  const turn = (model: number) => measured(module, measure, files[model]);
  for (const model of files.keys()) {
    await turn(model);
    context.emit(0);
  }
  return takeTurns(files.length, turn, { ...input, firstLook: FIRST_LOOK }, context);
};

async function loadMeasure(module: string): Promise<Measure> {
  const loaded: { readonly default?: unknown } = await import(pathToFileURL(resolve(module)).href).catch(
    (cause: unknown) => {
      throw moduleError(module, 'measure-not-loaded', `cannot be loaded: ${messageOf(cause)}`, typescriptHint(module));
    },
  );
  if (isMeasure(loaded.default)) return loaded.default;
  const hint = 'write: export default async (path) => milliseconds';
  throw moduleError(module, 'measure-without-function', 'has no function as its default export', hint);
}

function isMeasure(value: unknown): value is Measure {
  return typeof value === 'function';
}

async function measured(module: string, measure: Measure, file: string): Promise<number> {
  const ms: unknown = await callFor(module, measure, file);
  if (typeof ms === 'number' && Number.isFinite(ms) && ms > 0) return ms;
  const got = typeof ms === 'number' ? `${ms}` : describe(ms);
  const hint = 'return the milliseconds that one run takes, a number above 0, or a promise of it';
  throw moduleError(module, 'measure-no-time', `returned ${got} for ${basename(file)}`, hint);
}

async function callFor(module: string, measure: Measure, file: string): Promise<unknown> {
  try {
    return await measure(file);
  } catch (cause) {
    throw moduleError(module, 'measure-failed', `failed on ${basename(file)}: ${messageOf(cause)}`);
  }
}

function describe(value: unknown): string {
  return value === undefined || value === null ? `${value}` : `a ${typeof value}`;
}

function typescriptHint(module: string): string | undefined {
  return /\.[cm]?ts$/.test(module) ? 'compile it to .js, or run node with --import tsx' : undefined;
}

function moduleError(file: string, code: string, message: string, hint?: string): BitloomError {
  return new BitloomError({ kind: 'option', code, message, place: { file }, ...(hint !== undefined && { hint }) });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export default measureInTurns;
