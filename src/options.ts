/**
 * Every option, once: its name, what it takes, its default and what it says of itself. The command line, the JSON
 * configuration with its published schema, and the TypeScript interface are read off these tables.
 */
import { z } from 'zod';
import { METRICS, parseMetric } from './data/metrics/table.js';
import { type GivenSamples, isSource } from './data/sample-module.js';
import { parseFloor } from './evaluate/floor-text.js';
import { BitloomError } from './kernel/errors.js';
import { loadTarget, targetNames } from './latency/load-target.js';
import { readLatencyTable } from './latency/read-latency-table.js';
import { parseBytes, parseForced } from './option-text.js';
import { FORMAT_NAMES } from './quantize/formats.js';
import { DEFAULT_AUGMENTATION, NORMALISATIONS } from './search/damage/augmented.js';
import { INTERACTIONS } from './search/damage/damage-source.js';
import { RANKER_NAMES } from './sensitivity/rankers.js';

/** An option that is written in a notation of its own: what its reader refuses becomes the schema's complaint. */
export function written<T>(read: (text: string) => T) {
  return (text: string, context: z.RefinementCtx): T => {
    try {
      return read(text);
    } catch (error) {
      if (!(error instanceof BitloomError)) throw error;
      for (const problem of error.problems) context.addIssue({ code: 'custom', params: { problem } });
      return z.NEVER;
    }
  };
}

/** The same check for an option that stays as it is written. */
function checked(read: (text: string) => unknown) {
  return written((text) => {
    read(text);
    return text;
  });
}

const format = z.enum(FORMAT_NAMES);
/** `title` is how help names the value: `--data <path>`. */
const text = (title: string, description: string) => z.string().min(1).meta({ title, description });
const count = (description: string) => z.int().min(1).meta({ title: 'n', description });
const flag = (description: string) => z.boolean().default(false).describe(description);
const patterns = (description: string) =>
  z
    .array(z.string().min(1))
    .default([])
    .meta({ title: 'name', description: `${description} (glob, /regex/ or operator type; repeatable)` });

/** A path, or in a program the samples themselves. JSON and flags know the path alone. */
const source = (description: string) =>
  z
    .custom<string | GivenSamples>(
      (value) => (typeof value === 'string' ? value !== '' : isSource(value)),
      'is no path',
    )
    .meta({ type: 'string', title: 'path', description })
    .exactOptional();

const DATA = {
  data: source('samples: image folder, .npy, .npz, .csv, .tsv, .json, .jsonl, ONNX test data or module'),
  labels: text('file', 'CSV of file,label, where the data does not carry its labels').exactOptional(),
  preprocess: text(
    'preset',
    'how images become tensors: a preset, JSON file or preprocessor_config.json',
  ).exactOptional(),
  tokenizer: text('file', 'tokenizer.json or WordPiece vocab.txt, where the model has none of its own').exactOptional(),
  maxLength: count('longest sequence in tokens').exactOptional(),
  calibration: source('samples of your own in place of the part split off to observe ranges'),
  selection: source('samples of your own in place of the part split off to decide'),
  holdout: source('samples of your own in place of the part split off to report'),
  samples: count('most samples to use of each set given; all when left out').exactOptional(),
  seed: z.int().min(0).default(0).meta({ title: 'n', description: 'fixes the split and everything random' }),
};

const METRIC = {
  metric: z
    .string()
    .transform(checked(parseMetric))
    .meta({ title: 'name', description: `${Object.keys(METRICS).join(', ')}, or a module; by the data when left out` })
    .exactOptional(),
};

const FLOOR = {
  ...METRIC,
  keep: z
    .string()
    .prefault('99%')
    .transform(written(parseFloor))
    .meta({ title: 'floor', description: 'what may not be lost: 99.9%, 0.5pt, kl=0.01 or agreement=99%' }),
  decide: z
    .enum(['estimate', 'certify'])
    .default('estimate')
    .describe('whether a plan holds the floor by estimate, or by the one-sided 95 % bound'),
};

const SEARCH = {
  ranker: z.enum(RANKER_NAMES).default('kl').describe('how the sensitivity of a unit is measured'),
  search: z.enum(['frontier', 'bisection', 'greedy']).default('frontier').describe('how plans are tried'),
  interactions: z
    .enum(INTERACTIONS)
    .default('none')
    .describe('where it comes from how much more units hurt together than each alone'),
  lambda: z
    .number()
    .min(0)
    .default(DEFAULT_AUGMENTATION.lambda)
    .meta({ title: 'n', description: 'weight of interactions in the order of units (the augmented Hessian)' }),
  normalisation: z
    .enum(NORMALISATIONS)
    .default(DEFAULT_AUGMENTATION.normalisation)
    .describe('what sensitivities and interactions are divided by before they are added'),
  pairs: count('pairs of units and formats that --interactions pairs measures at most').default(1000),
  target: z
    .string()
    .default('ort-cpu')
    .transform(checked(loadTarget))
    .meta({ title: 'target', description: `where the model will run: ${targetNames.join(', ')}, or a .json file` }),
  latencyTable: z
    .string()
    .transform(checked(readLatencyTable))
    .meta({ title: 'file', description: 'JSON or CSV of milliseconds by shape and format, to search plans by' })
    .exactOptional(),
  formats: z
    .array(format)
    .min(1)
    .describe('formats to search among, separated by commas; the ladder of the target when left out')
    .exactOptional(),
  uniform: format.describe('no search: this format wherever it can be had').exactOptional(),
  plan: text('file', 'no search: apply this plan.json').exactOptional(),
  include: patterns('quantize these units only'),
  exclude: patterns('leave these units in float'),
  force: z
    .array(z.string().transform(written(parseForced)))
    .default([])
    .meta({ title: 'name=format', description: 'fix the format of these units (repeatable)' }),
};

const QUANTIZATION = {
  calibrateWith: z
    .enum(['min-max', 'percentile', 'entropy', 'mse'])
    .default('percentile')
    .describe('how the range of an activation follows from what was observed'),
  reduceRange: flag('7-bit weights, for x64 without VNNI where sums of 8-bit products saturate'),
  blockSize: z.int().min(16).default(32).meta({ title: 'n', description: 'weights that share a scale in w4 and w8' }),
};

const RESOURCES = {
  threads: count(
    'threads that the model is served with: latency is measured with them; all cores when left out',
  ).exactOptional(),
  memory: z
    .string()
    .transform(written(parseBytes))
    .meta({ title: 'size', description: 'what the workers may take together, such as 4GiB' })
    .exactOptional(),
};

const MEASURING = {
  measureWith: text(
    'module',
    'latency by your own command: its default export takes a model’s path and returns milliseconds',
  ).exactOptional(),
};

/** One number, or several to compare. */
const counts = (description: string) =>
  z
    .union([z.int().min(1), z.array(z.int().min(1)).min(1)])
    .transform((value) => (typeof value === 'number' ? [value] : value))
    .meta({ title: 'n,n', description });

const THREADS = counts(
  'threads that the model is served with; all cores when left out; bench takes several, such as 1,2',
).exactOptional();

/** One ranker, or several to compare. */
const RANKERS = {
  ranker: z
    .union([SEARCH.ranker.unwrap(), z.array(SEARCH.ranker.unwrap()).min(1)])
    .default('kl')
    .transform((value) => [...new Set(typeof value === 'string' ? [value] : value)])
    .meta({ title: 'name,name', description: 'how sensitivity is measured; analyze takes several to compare' }),
};

/** Of models timed on made-up inputs. */
const SHAPES = {
  batch: counts('samples in one run, such as 1,8; the model’s own, or 1, when left out').exactOptional(),
  length: count('size of dimensions left open beside the batch, such as tokens (128; images 224)').exactOptional(),
};

/** Of a stage that finds out where time goes. */
const PROFILING = {
  seconds: count(
    'time that measuring whole models may take when nothing is known, about; 100 when left out',
  ).exactOptional(),
};

const KEEPING = {
  run: text(
    'folder',
    'where this run keeps what it measures and goes on from; in the cache when left out',
  ).exactOptional(),
  cache: text(
    'folder',
    'results that all runs share; $BITLOOM_CACHE or the user’s cache folder when left out',
  ).exactOptional(),
  cacheSize: z
    .string()
    .prefault('4GiB')
    .transform(written(parseBytes))
    .meta({ title: 'size', description: 'what the cache may hold; the least recently used goes first' }),
  fresh: flag('measure everything anew'),
};

const OUTPUT = {
  out: text('folder', 'where model, plan and report are written').default('out'),
  overwrite: flag('replace an output folder that exists'),
  name: z
    .string()
    .regex(/^\w[\w.-]*$/, 'is no file name')
    .default('model')
    .meta({ title: 'name', description: 'file name of the model; transformers.js looks for model_int8, model_q4 ...' }),
  dryRun: flag('say what would be done, and write nothing'),
};

const REFERENCE = {
  reference: text('file', 'the float model whose answers agreement and KL are held against').exactOptional(),
};

/** Of a stage that only looks up and adds to what all runs share. */
const SHARED = { cache: KEEPING.cache, cacheSize: KEEPING.cacheSize, fresh: KEEPING.fresh };

/** The options in the groups that help shows. */
export const OPTION_GROUPS = {
  Data: DATA,
  Floor: { ...FLOOR, ...REFERENCE },
  Search: SEARCH,
  Quantization: QUANTIZATION,
  Resources: RESOURCES,
  Latency: { ...MEASURING, ...SHAPES, ...PROFILING },
  Keeping: KEEPING,
  Output: OUTPUT,
};

const SAMPLES = {
  data: DATA.data.unwrap(),
  labels: DATA.labels,
  preprocess: DATA.preprocess,
  tokenizer: DATA.tokenizer,
  maxLength: DATA.maxLength,
  samples: DATA.samples,
  seed: DATA.seed,
};

/** Settings that contradict each other are refused, not ranked. */
function oneOrTheOther(given: { readonly uniform?: string; readonly plan?: string }, context: z.RefinementCtx): void {
  if (given.uniform === undefined || given.plan === undefined) return;
  context.addIssue({ code: 'custom', path: ['plan'], message: 'cannot be given together with --uniform' });
}

type Sources = { readonly [K in 'data' | 'calibration' | 'selection' | 'holdout']?: unknown };

function enoughData({ data, calibration, selection, holdout }: Sources, context: z.RefinementCtx): void {
  if (data !== undefined || (calibration && selection && holdout)) return;
  const message = 'is needed, or all of --calibration, --selection and --holdout';
  context.addIssue({ code: 'custom', path: ['data'], message });
}

function calibrationData({ data, calibration }: Sources, context: z.RefinementCtx): void {
  if (data !== undefined || calibration !== undefined) return;
  context.addIssue({ code: 'custom', path: ['data'], message: 'is needed, or --calibration' });
}

const model = text('model', 'ONNX file, or folder of a Hugging Face model');
const models = (least: number) =>
  z.array(z.string().min(1)).min(least).meta({ title: 'model', description: 'ONNX files, the float one first' });

/** A module measures as it sees fit: it is not told of batch, threads or inputs. */
function asTheModuleDoes(
  given: { readonly [K in 'measureWith' | 'batch' | 'threads' | 'length']?: unknown },
  context: z.RefinementCtx,
): void {
  if (given.measureWith === undefined) return;
  for (const option of ['batch', 'threads', 'length'] as const) {
    if (given[option] === undefined) continue;
    context.addIssue({ code: 'custom', path: [option], message: 'cannot be given together with --measure-with' });
  }
}

/** What each stage takes, by the name of its command. */
export const STAGES = {
  inspect: z.strictObject({ model }),
  quantize: z
    .strictObject({
      model,
      ...DATA,
      ...FLOOR,
      ...SEARCH,
      ...QUANTIZATION,
      ...RESOURCES,
      ...MEASURING,
      ...KEEPING,
      ...OUTPUT,
    })
    .superRefine(oneOrTheOther)
    .superRefine(enoughData),
  evaluate: z.strictObject({ model, ...SAMPLES, ...METRIC, ...REFERENCE, ...RESOURCES, ...SHARED }),
  profile: z.strictObject({
    model,
    ...SAMPLES,
    data: DATA.data,
    target: SEARCH.target,
    formats: SEARCH.formats,
    reduceRange: QUANTIZATION.reduceRange,
    blockSize: QUANTIZATION.blockSize,
    threads: RESOURCES.threads,
    length: SHAPES.length,
    ...PROFILING,
    ...SHARED,
  }),
  analyze: z
    .strictObject({
      model,
      ...DATA,
      ...RANKERS,
      target: SEARCH.target,
      formats: SEARCH.formats,
      include: SEARCH.include,
      exclude: SEARCH.exclude,
      ...QUANTIZATION,
      memory: RESOURCES.memory,
      ...KEEPING,
    })
    .superRefine(calibrationData),
  compare: z.strictObject({ models: models(2), ...SAMPLES, threads: RESOURCES.threads }),
  /** After all others: a configuration file takes an option as the last stage does that has it, here the most lenient. */
  bench: z
    .strictObject({ models: models(1), threads: THREADS, ...SHAPES, ...MEASURING, seed: DATA.seed })
    .superRefine(asTheModuleDoes),
};

export type Stage = keyof typeof STAGES;
/** What a caller writes: notations as text, everything with a default may be left out. */
export type OptionsOf<S extends Stage> = z.input<(typeof STAGES)[S]>;
/** The same, read: notations as data, defaults filled in. */
export type SettingsOf<S extends Stage> = z.output<(typeof STAGES)[S]>;

export type QuantizeOptions = OptionsOf<'quantize'>;
export type QuantizeSettings = SettingsOf<'quantize'>;
export type EvaluateOptions = OptionsOf<'evaluate'>;
export type BenchOptions = OptionsOf<'bench'>;
export type CompareOptions = OptionsOf<'compare'>;
