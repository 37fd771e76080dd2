/**
 * The real models of ../shared, each with the data it is measured on, as MANIFEST.md divides it there. Two divisions a
 * model: `uniform` as PEERS.md measured other tools, so that figures stand beside its own; `plan` for searches, whose
 * calibration samples also rank the units and so must not be training samples where others exist.
 */
import { fileURLToPath } from 'node:url';
import type { QuantizeOptions } from '../src/options.js';
import type { Format } from '../src/quantize/formats.js';
import { arraysOf, imagesOf, linesOf, recordsOf } from './results/subsets.js';

/** `..../shared/` beside the project. */
export const SHARED = fileURLToPath(new URL('../../shared/', import.meta.url));

/** Where each part of the data lies; `data` is divided by seed into those that have no place of their own. */
export interface Sets {
  readonly data?: string;
  readonly calibration?: string;
  readonly selection?: string;
  readonly holdout?: string;
}

/** How a case is read: what of it are options of `quantize`. */
export type Reading = Pick<QuantizeOptions, 'model' | 'preprocess' | 'tokenizer'>;

export function readingOf({ model, preprocess, tokenizer }: Case): Reading {
  return { model, ...(preprocess && { preprocess }), ...(tokenizer && { tokenizer }) };
}

/** A uniform run decides nothing and reports nothing of its own parts: what it made is judged on `shown`. */
export interface UniformSets extends Sets {
  readonly shown: string;
}

export interface Case {
  readonly name: string;
  readonly model: string;
  readonly preprocess?: string;
  readonly tokenizer?: string;
  /** Formats that are tried uniformly beside `w8a8` and `w4a8`. */
  readonly formats: readonly Format[];
  /** About how long a uniform step, or all searches at one floor take, to foresee the whole. */
  readonly seconds: { readonly uniform: number; readonly searches: number };
  /** Each writes its parts into `folder`. */
  uniform(folder: string): Promise<UniformSets>;
  plan(folder: string): Promise<Sets>;
}

type Cut = (source: string, slice: { readonly from: number; readonly to: number }, folder: string) => Promise<string>;
/** Source below ../shared/data, first sample, and the sample after the last. */
type Part = readonly [cut: Cut, source: string, from: number, to: number];

/** Cuts each part into a folder of its own. */
function cut<K extends keyof UniformSets>(parts: Readonly<Record<K, Part>>) {
  return async (folder: string): Promise<Readonly<Record<K, string>>> => {
    const made: Partial<Record<K, string>> = {};
    for (const name in parts) {
      const [part, source, from, to] = parts[name];
      made[name] = await part(`${SHARED}data/${source}`, { from, to }, `${folder}/${name}`);
    }
    return complete(made, parts);
  };
}

function complete<K extends string>(made: Partial<Record<K, string>>, wanted: Readonly<Record<K, Part>>) {
  const isComplete = (some: Partial<Record<K, string>>): some is Record<K, string> =>
    Object.keys(wanted).every((name) => name in some);
  if (!isComplete(made)) throw new Error('unreachable: every part was cut');
  return made;
}

const TRAINED: Part = [imagesOf, 'imagenet-sample', 0, 256];

const imagenet = {
  formats: [],
  uniform: cut({
    calibration: TRAINED,
    selection: [imagesOf, 'imagenet-sample', 256, 288],
    holdout: [imagesOf, 'imagenet-sample', 288, 320],
    shown: [imagesOf, 'imagenet-nips2017', 0, 500],
  }),
  plan: cut({ calibration: TRAINED, data: [imagesOf, 'imagenet-nips2017', 0, 500] }),
};

const cifar = {
  preprocess: 'cifar10',
  formats: [],
  uniform: cut({
    calibration: [arraysOf, 'cifar10/train-2048.npz', 0, 512],
    selection: [arraysOf, 'cifar10/test.npz', 0, 32],
    holdout: [arraysOf, 'cifar10/test.npz', 32, 64],
    shown: [arraysOf, 'cifar10/test.npz', 500, 1000],
  }),
  plan: cut({
    calibration: [arraysOf, 'cifar10/test.npz', 0, 256],
    data: [arraysOf, 'cifar10/test.npz', 256, 1000],
  }),
};

const SENTENCES: Part = [linesOf, 'sst2/calib-train.sst2.tsv', 0, 512];
const ON_A_CPU: readonly Format[] = ['w8a8-dynamic', 'w4', 'w8'];

const sst2 = {
  formats: ON_A_CPU,
  uniform: cut({
    calibration: SENTENCES,
    selection: [linesOf, 'sst2/dev.sst2.tsv', 0, 32],
    holdout: [linesOf, 'sst2/dev.sst2.tsv', 32, 64],
    shown: [linesOf, 'sst2/dev.sst2.tsv', 218, 436],
  }),
  plan: cut({
    calibration: SENTENCES,
    selection: [linesOf, 'sst2/phrases.jsonl', 0, 3000],
    holdout: [linesOf, 'sst2/dev.sst2.tsv', 0, 436],
  }),
};

const tinyImagenet = {
  formats: [],
  uniform: cut({
    calibration: [imagesOf, 'tiny-imagenet', 0, 500],
    selection: [imagesOf, 'tiny-imagenet', 500, 532],
    holdout: [imagesOf, 'tiny-imagenet', 532, 564],
    shown: [imagesOf, 'tiny-imagenet', 1000, 1500],
  }),
  plan: cut({
    calibration: [imagesOf, 'tiny-imagenet', 0, 500],
    selection: [imagesOf, 'tiny-imagenet', 500, 1000],
    holdout: [imagesOf, 'tiny-imagenet', 1000, 1500],
  }),
};

const STRINGS: Part = [recordsOf, 'zinc-smiles/calibration.tokens.json', 0, 512];

const smiles = {
  formats: ON_A_CPU,
  uniform: cut({
    calibration: STRINGS,
    selection: [recordsOf, 'zinc-smiles/dev.tokens.json', 0, 32],
    holdout: [recordsOf, 'zinc-smiles/dev.tokens.json', 32, 64],
    shown: [recordsOf, 'zinc-smiles/dev.tokens.json', 500, 1000],
  }),
  plan: cut({
    calibration: STRINGS,
    selection: [recordsOf, 'zinc-smiles/dev.tokens.json', 0, 500],
    holdout: [recordsOf, 'zinc-smiles/dev.tokens.json', 500, 1000],
  }),
};

const model = (name: string) => `${SHARED}models/${name}`;
const VOCABULARY = `${SHARED}data/sst2/vocab.txt`;

export const CASES: readonly Case[] = [
  {
    ...imagenet,
    name: 'resnet50',
    model: model('resnet50-imagenet.onnx'),
    preprocess: 'imagenet',
    seconds: { uniform: 60, searches: 330 },
  },
  {
    ...imagenet,
    name: 'mobilenetv2',
    model: model('mobilenetv2-imagenet.onnx'),
    preprocess: 'mobilenet',
    seconds: { uniform: 20, searches: 130 },
  },
  {
    ...imagenet,
    name: 'squeezenet1.1',
    model: model('squeezenet1.1-imagenet.onnx'),
    preprocess: 'imagenet',
    seconds: { uniform: 12, searches: 110 },
  },
  {
    ...tinyImagenet,
    name: 'mobilenetv2-0.35-tinyimagenet',
    model: model('mobilenetv2-0.35-tinyimagenet.onnx'),
    preprocess: 'mobilenet,resize=exact',
    seconds: { uniform: 8, searches: 90 },
  },
  { ...cifar, name: 'resnet20', model: model('resnet20-cifar10.onnx'), seconds: { uniform: 6, searches: 60 } },
  { ...cifar, name: 'resnet56', model: model('resnet56-cifar10.onnx'), seconds: { uniform: 10, searches: 70 } },
  {
    ...sst2,
    name: 'bert-mini',
    model: model('bert-mini-sst2.onnx'),
    tokenizer: VOCABULARY,
    seconds: { uniform: 8, searches: 70 },
  },
  { ...sst2, name: 'minilm-l6', model: model('minilm-l6-sst2'), seconds: { uniform: 15, searches: 130 } },
  { ...smiles, name: 'gpt2-smiles', model: model('gpt2-smiles.onnx'), seconds: { uniform: 8, searches: 70 } },
];
