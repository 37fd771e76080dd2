/** Whatever a user may get wrong: each case names the place and the mend, ends with status 1, and writes nothing. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { afterAll, describe, expect, it } from 'vitest';
import { quantizeCommand } from '../../src/cli/quantize.js';
import { buildModel, value } from '../../src/graph/build.js';
import { encodeModel, saveModel } from '../../src/graph/to-onnx.js';
import { floats } from '../../src/kernel/tensor.js';
import { noise } from '../plans.js';
import { bitloom, inProcess, temporaryFolder } from './command.js';
import { CLASSES, classifier, labels, type NumpyArray, network, npz, oneUnit, samples } from './small-inputs.js';

const folder = temporaryFolder('bad-input');

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
}

const bytes = encodeModel(network());
const model = file('model.onnx', bytes);
const one = file('one.onnx', encodeModel(oneUnit()));
const data = file('data.npz', npz({ x: samples(40) }));
const flat = file('flat.npz', npz({ x: samples(40, [16]) }));

/** A model that says of its weights that they lie in the file `place`, as long as `weights.bin`. */
async function external(place: string): Promise<string> {
  const path = file(join(`external${external.made++}`, 'model.onnx'), '');
  const written = join(dirname(path), 'weights.bin');
  await saveModel(network(), path, { externalData: { file: 'weights.bin', threshold: 0 } });
  writeFileSync(path, readFileSync(path, 'latin1').replaceAll('weights.bin', place), 'latin1');
  writeFileSync(join(folder, 'data.bin'), readFileSync(written));
  return path;
}
external.made = 0;

const missing = await external('nothing.bin');
const escaping = await external('../data.bin');

function weightsWith(value: number) {
  const { dims } = noise([16, CLASSES], 5);
  return oneUnit(
    floats(
      Array.from({ length: 16 * CLASSES }, (_, i) => (i === 9 ? value : 0.1)),
      dims,
    ),
  );
}

/** exp(x) overflows from 89 on; the Clip hides it from the output. */
const overflowing = classifier(['N', 16], 21, (edit) => {
  const grown = edit.add({ op: 'Exp', name: 'grow', inputs: ['x'] });
  const weight = edit.constant('w', floats(new Array(16 * CLASSES).fill(0.1), [16, CLASSES]));
  const product = edit.add({ op: 'MatMul', name: 'head', inputs: [grown, weight] });
  const bounds = [0, 6].map((bound) => edit.constant('bound', floats([bound], [])));
  edit.add({ op: 'Clip', inputs: [product, ...bounds], outputs: ['logits'] });
});

function operator(op: string, domain = ''): Uint8Array {
  const odd = classifier(['N', 16], 21, (edit) => {
    const x = edit.add({ op, domain, name: 'odd', inputs: ['x'] });
    edit.add({
      op: 'MatMul',
      name: 'head',
      inputs: [x, edit.constant('w', noise([16, CLASSES], 5))],
      outputs: ['logits'],
    });
  });
  return encodeModel({ ...odd, opsets: new Map([...odd.opsets, ...(domain ? [[domain, 1] as const] : [])]) });
}

/** Ids for `words`, a table of eight. */
const lookup = encodeModel(
  buildModel(
    { inputs: [value('input_ids', 'int64', ['N', 4])], outputs: [value('logits', 'float32', ['N', CLASSES])] },
    (edit) => {
      const words = edit.add({ op: 'Gather', inputs: [edit.constant('words', noise([8, 4], 2)), 'input_ids'] });
      const flat = edit.add({ op: 'Flatten', inputs: [words] });
      edit.add({
        op: 'MatMul',
        name: 'head',
        inputs: [flat, edit.constant('w', noise([16, CLASSES], 5))],
        outputs: ['logits'],
      });
    },
  ),
);
const ids = file('ids.onnx', lookup);

function spoiled(of: NumpyArray, at: number, value: number): NumpyArray {
  return {
    ...of,
    data: Float32Array.from({ length: of.data.length }, (_, i) => (i === at ? value : Number(of.data[i]))),
  };
}
const nan = spoiled(samples(40), 7 * 192, Number.NaN);
const large = spoiled(samples(40, [16], 8), 5 * 16, 100);

/** One image cannot be read. */
const photos = join(folder, 'photos');
for (let i = 0; i < 12; i++) {
  const background = { r: 20 * i, g: 128, b: 255 - 20 * i };
  const image = await sharp({ create: { width: 8, height: 8, channels: 3, background } })
    .png()
    .toBuffer();
  file(`photos/${i}.png`, i === 5 ? image.subarray(0, 40) : image);
}
mkdirSync(join(folder, 'nothing'));
mkdirSync(join(folder, 'taken'));

const classes = (odd: number) => labels(Array.from({ length: 40 }, (_, i) => (i === 3 ? odd : i % CLASSES)));
const array = (name: string, arrays: Parameters<typeof npz>[0]) => file(`${name}.npz`, npz(arrays));
const opset = (version: number) =>
  file(`opset${version}.onnx`, encodeModel({ ...network(), opsets: new Map([['', version]]) }));

interface Case {
  readonly wrong: string;
  readonly args: readonly string[];
  /** What stderr must hold: the place, what is wrong, and the mend. */
  readonly says: readonly string[];
}

const MODELS: readonly Case[] = [
  {
    wrong: 'a model that is no ONNX file',
    args: [file('text.onnx', 'hello\n'.repeat(50)), '--data', data],
    says: ['text.onnx: not an ONNX model', 'give a model in ONNX format'],
  },
  {
    wrong: 'a truncated model',
    args: [file('cut.onnx', bytes.subarray(0, bytes.length / 2)), '--data', data],
    says: ['cut.onnx: cut short, damaged', 'download or export the model again'],
  },
  {
    wrong: 'an empty model file',
    args: [file('empty.onnx', ''), '--data', data],
    says: ['empty.onnx: the file is empty', 'download or export the model again'],
  },
  {
    wrong: 'external data that is missing',
    args: [missing, '--data', data],
    says: [
      `${missing}, tensor head.weight: its external data file 'nothing.bin' is not there`,
      "copy the data file into the model's folder",
    ],
  },
  {
    wrong: 'external data outside the folder',
    args: [escaping, '--data', data],
    says: [
      `${escaping}, tensor head.weight: its external data '../data.bin' lies outside the model's folder`,
      'put the data file itself beside the model',
    ],
  },
  {
    wrong: 'an opset that is too new',
    args: [opset(99), '--data', data],
    says: ['opset99.onnx: the model has opset 99', 'export it with an older one'],
  },
  {
    wrong: 'an opset that is too old',
    args: [opset(1), '--data', data],
    says: ['opset1.onnx: the model has opset 1', 'export the model again with opset'],
  },
  {
    wrong: 'an operator that nobody knows',
    args: [file('operator.onnx', operator('Grow')), '--data', flat],
    says: ['operator.onnx, operator Grow: ONNX Runtime knows no operator Grow', 'with standard operators'],
  },
  {
    wrong: 'an operator of an unknown domain',
    args: [file('domain.onnx', operator('Grow', 'com.example')), '--data', flat],
    says: ['domain.onnx, operator com.example:Grow', 'with standard operators'],
  },
  {
    wrong: 'NaN in weights',
    args: [file('nan.onnx', encodeModel(weightsWith(Number.NaN))), '--data', flat],
    says: ['nan.onnx, node head (MatMul), tensor w: element 9 is NaN', 'export it again'],
  },
  {
    wrong: 'Inf in weights',
    args: [file('inf.onnx', encodeModel(weightsWith(Number.POSITIVE_INFINITY))), '--data', flat],
    says: ['inf.onnx, node head (MatMul), tensor w: element 9 is Infinity', 'export it again'],
  },
  {
    wrong: 'a model that is quantized already',
    args: [file('quantized.onnx', operator('QuantizeLinear')), '--data', flat],
    says: [
      'quantized.onnx, node odd (QuantizeLinear): the model is already quantized',
      'start from the float model that it was made from',
    ],
  },
];

const SAMPLES: readonly Case[] = [
  {
    wrong: 'Inf in activations',
    args: [
      file('overflowing.onnx', encodeModel(overflowing)),
      '--data',
      flat,
      '--calibration',
      array('large', { x: large }),
    ],
    says: ['large.npz:5: the float model makes NaN or an infinity here', 'Check this sample and its preprocessing'],
  },
  {
    wrong: 'NaN in samples',
    args: [model, '--data', array('nan', { x: nan })],
    says: ['nan.npz:7: the float model', 'look at the sample'],
  },
  {
    wrong: 'samples of another shape',
    args: [model, '--data', array('shape', { x: samples(40, [3, 6, 8]) })],
    says: [
      "the model's input x wants float32[N,3,8,8], the data has float32[1,3,6,8]",
      '`bitloom inspect` shows the inputs',
    ],
  },
  {
    wrong: 'samples of another type',
    args: [ids, '--data', array('dtype', { input_ids: samples(40, [4]) })],
    says: [
      "the model's input input_ids wants int64[N,4], the data has float32[1,4]",
      '`bitloom inspect` shows the inputs',
    ],
  },
  {
    wrong: 'arrays of other names',
    args: [model, '--data', array('names', { left: samples(40), right: samples(40) })],
    says: ["names.npz: has no array for the model's input x; it has left, right", 'Name the arrays as the inputs'],
  },
  {
    wrong: 'an empty array',
    args: [model, '--data', array('none', { x: samples(0) })],
    says: ['none.npz: there are no samples'],
  },
  {
    wrong: 'an empty folder',
    args: [model, '--data', join(folder, 'nothing')],
    says: ['nothing: holds neither images', 'Data is a folder of images'],
  },
  {
    wrong: 'an empty record file',
    args: [ids, '--data', file('none.jsonl', '')],
    says: ['none.jsonl: there are no samples'],
  },
  {
    wrong: 'text for a model of numbers',
    args: [one, '--data', file('text.jsonl', '{"text": "hello"}\n')],
    says: ['text.jsonl: text needs a model that takes token ids; this one takes x'],
  },
  {
    wrong: 'data that is not there',
    args: [model, '--data', join(folder, 'nowhere.npz')],
    says: ['--data, ', 'nowhere.npz: there is no such file or folder\n  Data is'],
  },
  { wrong: 'no data', args: [model], says: ['--data: is needed, or all of --calibration, --selection and --holdout'] },
  {
    wrong: 'too few samples',
    args: [model, '--data', array('two', { x: samples(2) })],
    says: ['two.npz: 2 samples are too few to divide into calibration, selection, holdout', 'Use more data'],
  },
  {
    wrong: 'a metric of labels without labels',
    args: [model, '--data', data, '--metric', 'top1'],
    says: ['--data: the metric top1 needs labels', 'give --labels'],
  },
  {
    wrong: 'a label out of range',
    args: [model, '--data', array('range', { x: samples(40), labels: classes(7) })],
    says: ['range.npz:labels, sample 3: label 7 is out of range', 'Classes count from 0 to 3.'],
  },
  {
    wrong: 'a negative label',
    args: [model, '--data', array('negative', { x: samples(40), labels: classes(-1) })],
    says: ['negative.npz:labels, sample 3: label -1 is out of range', 'Classes count from 0 to 3.'],
  },
  {
    wrong: 'an image that cannot be read',
    args: [model, '--data', photos, '--preprocess', 'none'],
    says: ['5.png'],
  },
  {
    wrong: 'images without preprocessing',
    args: [model, '--data', photos],
    says: ['--preprocess: how the model wants its images is not known', 'Give one of imagenet'],
  },
];

const OPTIONS: readonly Case[] = [
  {
    wrong: 'an unknown preset',
    args: [model, '--data', photos, '--preprocess', 'imagnet'],
    says: ['--preprocess: there is no preprocessing "imagnet"', 'Did you mean imagenet?'],
  },
  {
    wrong: 'an unknown format',
    args: [model, '--data', data, '--uniform', 'w8a9'],
    says: ['--uniform: "w8a9" is not known', 'Did you mean w8a8?'],
  },
  {
    wrong: 'an unknown format among several',
    args: [model, '--data', data, '--formats', 'float,w8a7'],
    says: ['--formats: "w8a7" is not known', 'Did you mean w8a8?'],
  },
  {
    wrong: 'an unknown metric',
    args: [model, '--data', data, '--metric', 'topp1'],
    says: ['--metric: ', 'Did you mean top1?'],
  },
  {
    wrong: 'a floor that cannot be read',
    args: [model, '--data', data, '--keep', '99,9%'],
    says: ['--keep: "99,9%" is no floor', 'write 99.9%'],
  },
  {
    wrong: 'a pattern that matches nothing',
    args: [model, '--data', data, '--exclude', 'frist'],
    says: ['--exclude: no unit matches frist', '`bitloom inspect` lists the units'],
  },
  {
    wrong: 'a format that the unit cannot take',
    args: [model, '--data', data, '--force', 'first=w8a8-dynamic'],
    says: ['node first (Conv): it cannot run in w8a8-dynamic', 'choose another format for it'],
  },
  {
    wrong: 'a forced format without a name',
    args: [model, '--data', data, '--force', 'w8a8'],
    says: ['--force: "w8a8" is not name=format', "write --force 'Conv_0=float'"],
  },
  {
    wrong: '--plan with --uniform',
    args: [model, '--data', data, '--uniform', 'w8a8', '--plan', 'plan.json'],
    says: ['--plan: cannot be given together with --uniform'],
  },
  {
    wrong: 'a plan that is no plan',
    args: [model, '--data', data, '--plan', file('odd-plan.json', '{"version": 1}')],
    says: ['--plan, ', 'odd-plan.json: units: ', 'give the plan.json that `bitloom quantize` wrote'],
  },
  {
    wrong: 'a plan that is not there',
    args: [model, '--data', data, '--plan', join(folder, 'nowhere.json')],
    says: ['--plan, ', 'nowhere.json: there is no such file', 'give the plan.json that `bitloom quantize` wrote'],
  },
  {
    wrong: 'a configuration that is no JSON',
    args: [model, '--config', file('options.json', '{')],
    says: ['options.json: is no JSON'],
  },
  {
    wrong: 'a configuration that is not there',
    args: [model, '--config', join(folder, 'nowhere.json')],
    says: ['--config, ', 'nowhere.json: there is no such file'],
  },
  {
    wrong: 'certainty that the samples cannot give',
    args: [model, '--data', data, '--decide', 'certify'],
    says: ['--decide: 15 selection samples resolve', 'certify needs 299 selection samples for this floor'],
  },
];

// Each run waits for the end of the process, to clean up.
process.setMaxListeners(0);

describe('quantize refuses', () => {
  it.each([...MODELS, ...SAMPLES, ...OPTIONS])('$wrong', async ({ args, says }) => {
    const results = join(folder, 'results');
    const { status, stdout, stderr } = await inProcess(
      quantizeCommand,
      ...args,
      '--out',
      join(results, 'out'),
      '--quiet',
    );
    for (const text of says) expect(stderr).toContain(text);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(existsSync(results)).toBe(false);
  });

  it('an output folder that exists, and leaves it as it was', async () => {
    const taken = join(folder, 'taken');
    const { status, stdout, stderr } = await inProcess(quantizeCommand, model, '--data', data, '--out', taken);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toBe(`error: --out: ${taken} exists\n  choose another folder, or replace it with --overwrite\n`);
    expect(readdirSync(taken)).toEqual([]);
  });

  it('an unknown option, and leaves no temporary files', async () => {
    const ended = await bitloom('quantize', model, '--data', data, '--uniforn', 'w8a8');
    expect(ended).toMatchObject({ status: 1, stdout: '', leftovers: [] });
    expect(ended.stderr).toContain("unknown option '--uniforn'\n(Did you mean --uniform?)");
  });

  it('a sample that is found out late, and leaves no temporary files', async () => {
    const ended = await bitloom('quantize', model, '--data', array('late', { x: nan }), '--out', join(folder, 'late'));
    expect(ended).toMatchObject({ status: 1, stdout: '', leftovers: [] });
    expect(existsSync(join(folder, 'late'))).toBe(false);
  });
});

/** A file system that is too small for a model; undefined where none can be mounted. */
function smallDisk(): string | undefined {
  const disk = join(folder, 'disk');
  mkdirSync(disk);
  const mounted = process.getuid?.() === 0 && spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=8k', 'tmpfs', disk]);
  return mounted && mounted.status === 0 ? disk : undefined;
}

const disk = process.platform === 'linux' ? smallDisk() : undefined;
afterAll(() => {
  if (disk) spawnSync('umount', [disk]);
});

// Only root may mount, and not in every container.
describe.runIf(disk)('a full disk (where a small one can be mounted)', () => {
  it('ends the run with nothing written', async () => {
    const out = join(disk ?? '', 'out');
    const { status, stdout, stderr } = await inProcess(
      quantizeCommand,
      model,
      '--data',
      data,
      '--out',
      out,
      '--uniform',
      'w8a8',
      '--quiet',
    );
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain(
      `${out}: the disk is full; nothing was written\n  free some space or choose another folder`,
    );
    expect(readdirSync(disk ?? '')).toEqual([]);
  });
});
