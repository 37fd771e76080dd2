import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { didYouMean } from './kernel/did-you-mean.js';
import { BitloomError, type Place, type Problem, throwAll } from './kernel/errors.js';
import { readFailure } from './kernel/read-errors.js';
import { STAGES } from './options.js';

type Plain = Readonly<Record<string, unknown>>;

/** Options of every stage; a configuration file may serve several. */
const EVERY_OPTION: z.ZodRawShape = Object.assign({}, ...Object.values(STAGES).map((stage) => stage.shape));

/** A configuration file: any options, none required, under the names of the TypeScript interface. */
export const CONFIG = z.strictObject({ $schema: z.string().optional(), ...EVERY_OPTION }).partial();

/** Checks options against a stage's table and fills in defaults. All problems are reported together. */
export function readOptions<S extends z.ZodObject>(stage: S, options: unknown): z.output<S> {
  const result = stage.safeParse(withoutUndefined(options), { reportInput: true });
  if (result.success) return result.data;
  const known = Object.keys(stage.shape);
  throw new BitloomError(result.error.issues.flatMap((issue) => problemsOf(issue, known, {})));
}

/** Says that `options` are what a caller of the stage may write, or throws as `readOptions` does. */
export function checkOptions<S extends z.ZodObject>(stage: S, options: unknown): asserts options is z.input<S> {
  readOptions(stage, options);
}

/** Options from a JSON file, checked but as written: what stands on the command line is laid over them. */
export async function readConfig(file: string): Promise<Plain> {
  const config = parseJson(await readFile(file, 'utf8').catch((cause) => unreadable(file, cause)), file);
  const result = CONFIG.safeParse(config, { reportInput: true });
  const known = Object.keys(CONFIG.shape);
  throwAll(result.error?.issues.flatMap((issue) => problemsOf(issue, known, { file })) ?? []);
  const { $schema: _, ...options } = z.record(z.string(), z.unknown()).parse(config);
  return options;
}

/** The part of `options` that a stage takes. */
export function optionsFor(stage: z.ZodObject, options: Plain): Plain {
  return Object.fromEntries(Object.entries(options).filter(([name]) => Object.hasOwn(stage.shape, name)));
}

/** `calibrateWith` as `calibrate-with`: an option's name on the command line. */
export function flagName(option: string): string {
  return option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** An option that a caller passes as `undefined` was not given. */
function withoutUndefined(options: unknown): unknown {
  if (typeof options !== 'object' || options === null) return options;
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new BitloomError(
      { kind: 'option', code: 'bad-config', message: `is no JSON: ${messageOf(cause)}`, place: { file } },
      { cause },
    );
  }
}

function unreadable(file: string, cause: unknown): never {
  throw new BitloomError(
    {
      kind: 'io',
      code: 'unreadable-config',
      message: readFailure(file, cause).problems[0].message,
      place: { file, option: 'config' },
    },
    { cause },
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function problemsOf(issue: z.core.$ZodIssue, known: readonly string[], place: Place): readonly Problem[] {
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownOption(key, known, place));
  const name = String(issue.path[0] ?? '');
  const positional = POSITIONAL[name];
  if (positional) return [{ kind: 'option', code: 'missing-model', message: positional(issue), place }];
  const at = name ? { ...place, option: flagName(name) } : place;
  const own = issue.code === 'custom' ? issue.params?.problem : undefined;
  if (isProblem(own)) return [{ ...own, place: { ...at, ...own.place } }];
  return [{ kind: 'option', place: at, ...complaint(issue) }];
}

/** Options that stand on the command line by their position. */
const POSITIONAL: Readonly<Record<string, (issue: z.core.$ZodIssue) => string>> = {
  model: () => 'give the model: an ONNX file, or the folder of a Hugging Face model',
  models: (issue) => {
    const least = issue.code === 'too_small' && issue.minimum > 1 ? 'two models or more' : 'the models';
    return `give ${least}: ONNX files or folders, the float one first`;
  },
};

function unknownOption(key: string, known: readonly string[], place: Place): Problem {
  return {
    kind: 'option',
    code: 'unknown-option',
    message: `unknown option ${key}`,
    place,
    hint: didYouMean(key, known),
  };
}

function complaint(issue: z.core.$ZodIssue): Pick<Problem, 'code' | 'message' | 'hint'> {
  if (issue.code === 'invalid_union') return complaint(mostSpecific(issue));
  if (issue.code === 'custom') return { code: 'bad-option', message: issue.message };
  if (issue.input === undefined) return { code: 'missing-option', message: 'is needed' };
  if (issue.code !== 'invalid_value') return { code: 'bad-option', message: issue.message };
  return {
    code: 'unknown-value',
    message: `${JSON.stringify(issue.input)} is not known`,
    hint: didYouMean(String(issue.input), issue.values.map(String)),
  };
}

function isProblem(value: unknown): value is Problem {
  return typeof value === 'object' && value !== null && 'code' in value && 'message' in value && 'kind' in value;
}

/** Of what the alternatives refuse, what lies deepest: there the value came closest to being right. */
function mostSpecific({ errors }: z.core.$ZodIssueInvalidUnion): z.core.$ZodIssue {
  return errors.flat().reduce((deepest, issue) => (issue.path.length > deepest.path.length ? issue : deepest));
}
