/** The samples of the study: each part decides something else, so none has a sample of another. */

import { CASES, type Case, SHARED } from '../cases.js';
import { arraysOf, imagesOf, linesOf, recordsOf, type Slice } from '../results/subsets.js';

export type PartName = 'ranges' | 'ranking' | 'truth';

/** Source below ../shared/data, first sample, and the sample after the last. */
type Part = readonly [
  cut: (source: string, slice: Slice, folder: string) => Promise<string>,
  source: string,
  from: number,
  to: number,
];

export interface Subject {
  readonly of: Case;
  readonly parts: Readonly<Record<PartName, Part>>;
  /** About how long all of it takes. */
  readonly seconds: number;
}

const imagenet = (ranking: number, truth: number): Subject['parts'] => ({
  ranges: [imagesOf, 'imagenet-sample', 0, 256],
  ranking: [imagesOf, 'imagenet-nips2017', 0, ranking],
  truth: [imagesOf, 'imagenet-nips2017', 256, 256 + truth],
});

const cifar = (truth: number): Subject['parts'] => ({
  ranges: [arraysOf, 'cifar10/test.npz', 0, 256],
  ranking: [arraysOf, 'cifar10/test.npz', 256, 320],
  truth: [arraysOf, 'cifar10/test.npz', 320, 320 + truth],
});

const sst2 = (truth: number): Subject['parts'] => ({
  ranges: [linesOf, 'sst2/calib-train.sst2.tsv', 0, 512],
  ranking: [linesOf, 'sst2/dev.sst2.tsv', 0, 64],
  truth: [linesOf, 'sst2/dev.sst2.tsv', 200, 200 + truth],
});

const smiles = (truth: number): Subject['parts'] => ({
  ranges: [recordsOf, 'zinc-smiles/calibration.tokens.json', 0, 512],
  ranking: [recordsOf, 'zinc-smiles/dev.tokens.json', 0, 64],
  truth: [recordsOf, 'zinc-smiles/dev.tokens.json', 500, 500 + truth],
});

/** Quick ones first. Of the truth as many samples as a few minutes allow. */
export const SUBJECTS: readonly Subject[] = [
  { of: caseOf('resnet20'), parts: cifar(680), seconds: 40 },
  { of: caseOf('bert-mini'), parts: sst2(236), seconds: 40 },
  { of: caseOf('gpt2-smiles'), parts: smiles(128), seconds: 60 },
  { of: caseOf('resnet56'), parts: cifar(512), seconds: 160 },
  { of: caseOf('minilm-l6'), parts: sst2(128), seconds: 200 },
  { of: caseOf('mobilenetv2'), parts: imagenet(64, 128), seconds: 300 },
  { of: caseOf('resnet50'), parts: imagenet(64, 48), seconds: 800 },
];

function caseOf(wanted: string): Case {
  const found = CASES.find(({ name }) => name === wanted);
  if (!found) throw new Error(`no case ${wanted}`);
  return found;
}

/** Cuts a part into `folder` and says where it lies. */
export function cutPart([cut, source, from, to]: Part, folder: string): Promise<string> {
  return cut(`${SHARED}data/${source}`, { from, to }, folder);
}
