/** What `quantize` and the other commands give a user: files, figures, exit statuses. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { benchCommand } from '../../src/cli/bench.js';
import { compareCommand } from '../../src/cli/compare.js';
import { evaluateCommand } from '../../src/cli/evaluate.js';
import { inspectCommand } from '../../src/cli/inspect.js';
import { quantizeCommand } from '../../src/cli/quantize.js';
import { encodeModel } from '../../src/graph/to-onnx.js';
import { tensor, toFloat32 } from '../../src/kernel/tensor.js';
import { type Report, reportSchema } from '../../src/report/schema.js';
import { runModel } from '../plans.js';
import { bitloom, inProcess, temporaryFolder } from './command.js';
import { CLASSES, halves, labels, network, npz, oneUnit, samples } from './small-inputs.js';

const folder = temporaryFolder('quantize');
process.setMaxListeners(0);

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const COUNT = 120;
const images = samples(COUNT);
const model = file('model.onnx', encodeModel(network()));
const half = file('half.onnx', encodeModel(halves(network())));
const one = file('one.onnx', encodeModel(oneUnit()));
const flat = file('flat.npz', npz({ x: samples(60, [16]) }));
const data = file('data.npz', npz({ x: images, labels: labels(await answers()) }));

/** The float model's own answers: it is right about every sample, and each change of mind is a loss. */
async function answers(): Promise<readonly number[]> {
  const { logits } = await runModel(network(), {
    x: tensor('float32', images.dims, Float32Array.from(images.data, Number)),
  });
  const scores = toFloat32(logits);
  return Array.from({ length: COUNT }, (_, i) => {
    const own = scores.subarray(CLASSES * i, CLASSES * (i + 1));
    return own.indexOf(Math.max(...own));
  });
}

interface Quantized {
  readonly status: number | null;
  readonly report: Report;
  readonly out: string;
  readonly stderr: string;
}

let made = 0;

/** Quantizes into a folder of its own and reads what is on stdout, which must be the report and nothing else. */
async function quantize(path: string, ...args: readonly string[]): Promise<Quantized> {
  const out = join(folder, `out${made++}`);
  const source = path === one ? flat : data;
  const ended = await inProcess(quantizeCommand, path, '--data', source, '--out', out, '--json', ...args);
  if (ended.stdout === '') throw new Error(ended.stderr);
  return { status: ended.status, report: reportSchema.parse(JSON.parse(ended.stdout)), out, stderr: ended.stderr };
}

const formatsOf = ({ report }: Quantized) => Object.fromEntries(report.units.map(({ name, format }) => [name, format]));
const reasonOf = ({ report }: Quantized, unit: string) => report.units.find(({ name }) => name === unit)?.reason;
const bytesOf = ({ out }: Pick<Quantized, 'out'>, name: string) => readFileSync(join(out, name));

describe('a uniform plan', () => {
  it('is the same model and plan again, also from its plan.json', async () => {
    const options = ['--uniform', 'w8a8', '--keep', '90%'];
    const first = await quantize(model, ...options);
    const applied = await quantize(model, '--plan', join(first.out, 'plan.json'), '--quiet');
    const out = join(folder, 'by a process of its own');
    const ended = await bitloom('quantize', model, '--data', data, '--out', out, '--json', ...options);
    for (const other of [applied, { out }]) {
      expect(bytesOf(other, 'model.onnx').equals(bytesOf(first, 'model.onnx'))).toBe(true);
      expect(bytesOf(other, 'plan.json').equals(bytesOf(first, 'plan.json'))).toBe(true);
    }
    expect(ended).toMatchObject({ status: 0, leftovers: [] });
    expect(reportSchema.parse(JSON.parse(ended.stdout)).output.folder).toBe(out);
    expect(first.status).toBe(0);
    expect(formatsOf(first)).toEqual({ first: 'w8a8', second: 'w8a8', head: 'w8a8' });
    expect(JSON.parse(bytesOf(first, 'report.json').toString())).toEqual(first.report);
    expect(readdirSync(first.out).sort()).toEqual(['model.onnx', 'plan.json', 'report.json']);
    expect(first.stderr).toContain('calibration: ');
    expect(applied.stderr).toBe('');
  });

  it('that loses too much ends with status 2 and the reason', async () => {
    const { status, report, out } = await quantize(model, '--uniform', 'w4a4', '--keep', '99.9%');
    expect(status).toBe(2);
    expect(report.floor.status).toBe('not-held');
    expect(report.pairedLoss.selection.value).toBeGreaterThan(report.floor.allowed);
    expect(report.search.reason).toContain('uniform w4a4');
    expect(existsSync(join(out, 'model.onnx'))).toBe(true);
  });
});

describe('units by name', () => {
  it('--include, --exclude and --force fix formats, with the reason', async () => {
    const names = ['--include', 'Conv', '--include', 'head', '--exclude', '/^sec/', '--force', 'h*=w4a8'];
    const made = await quantize(model, '--uniform', 'w8a8', ...names);
    expect(formatsOf(made)).toEqual({ first: 'w8a8', second: 'float', head: 'w4a8' });
    expect(reasonOf(made, 'second')).toBe('left in float by --exclude');
    expect(reasonOf(made, 'head')).toBe('fixed to w4a8 by --force');
  });
});

describe('a search', () => {
  it('takes the formats given and finds the same plan again', async () => {
    const options = ['--formats', 'float', '--keep', '90%'];
    const [first, second] = [await quantize(model, ...options), await quantize(model, ...options)];
    expect(formatsOf(first)).toEqual({ first: 'float', second: 'float', head: 'float' });
    expect(bytesOf(second, 'plan.json').equals(bytesOf(first, 'plan.json'))).toBe(true);
    expect(bytesOf(second, 'model.onnx').equals(bytesOf(first, 'model.onnx'))).toBe(true);
  });

  it('settles a model of one unit', async () => {
    const { status, report } = await quantize(one, '--keep', 'kl=0.5');
    expect(status).toBe(0);
    expect(report.units).toHaveLength(1);
    expect(report.latency.ratio).toBeLessThanOrEqual(1);
    expect(report.metric.name).toBe('agreement');
  });
});

describe('a target that is not this machine', () => {
  it('has estimated latencies, and says so', async () => {
    const { report } = await quantize(model, '--target', 'npu-int', '--keep', '50%');
    expect(report.latency).toMatchObject({ estimated: true, provider: 'npu-int, against w16a16', rounds: 0 });
    expect(report.latency.ratio).toBeLessThan(1);
    expect(report.formats).toEqual({ w8a8: 3 });
    expect(report.warnings).toContain('latencies on npu-int are estimated: nothing ran there');
  });
});

describe('output', () => {
  it('is named as asked, from a configuration, and replaces a folder only with --overwrite', async () => {
    const out = join(folder, 'named');
    const options = { model, data, out, uniform: 'w8a8', keep: '90%', name: 'model_quantized', seed: 3 };
    const config = file('options.json', JSON.stringify(options));
    const run = (...args: readonly string[]) => inProcess(quantizeCommand, '--config', config, '--quiet', ...args);
    const first = await run();
    expect(first).toMatchObject({ status: 0, stderr: '' });
    expect(first.stdout).toContain('model_quantized.onnx');
    expect(first.stdout.split('\n').filter((line) => line.length > 80 && !line.includes(folder))).toEqual([]);
    expect(readdirSync(out).sort()).toEqual(['model_quantized.onnx', 'plan.json', 'report.json']);
    const before = readFileSync(join(out, 'report.json'));
    expect((await run()).status).toBe(1);
    expect(readFileSync(join(out, 'report.json')).equals(before)).toBe(true);
    writeFileSync(join(out, 'old'), '');
    expect((await run('--overwrite', '--name', 'model')).status).toBe(0);
    expect(readdirSync(out).sort()).toEqual(['model.onnx', 'plan.json', 'report.json']);
  });
});

describe('a float16 model', () => {
  it('is widened, and the report says so', async () => {
    const { report } = await quantize(half, '--uniform', 'w8a8');
    expect(report.model.precision).toBe('float16');
    expect(report.warnings.join()).toContain('float16 was widened to float32');
    expect(report.formats).toEqual({ w8a8: 3 });
  });
});

describe('the other commands', () => {
  it('inspect, evaluate, bench and compare print JSON alone', async () => {
    const { out } = await quantize(model, '--uniform', 'w8a8');
    const result = join(out, 'model.onnx');

    const inspection = await inProcess(inspectCommand, result, '--json');
    expect(JSON.parse(inspection.stdout)).toMatchObject({ precision: 'quantized', path: result });

    const evaluation = await inProcess(evaluateCommand, result, '--data', data, '--reference', model, '--json');
    expect(JSON.parse(evaluation.stdout)).toMatchObject({
      metric: { name: 'top1' },
      value: { samples: COUNT },
      against: { model, value: { value: 1 } },
    });

    const benchmark = await inProcess(benchCommand, model, result, '--json', '--threads', '1');
    const [{ models, ratios }] = z
      .tuple([
        z.object({ models: z.array(z.object({ path: z.string() })), ratios: z.array(z.object({ ratio: z.number() })) }),
      ])
      .parse(JSON.parse(benchmark.stdout));
    expect(models.map(({ path }) => path)).toEqual([model, result]);
    expect(ratios).toHaveLength(1);

    const comparison = await inProcess(compareCommand, model, result, '--data', data, '--json');
    const [{ values }] = z
      .array(z.object({ values: z.array(z.object({ node: z.string(), noise: z.number() })) }))
      .parse(JSON.parse(comparison.stdout));
    expect(values.map(({ node }) => node)).toContain('head');
    expect(values.some(({ noise }) => noise > 0)).toBe(true);
  });
});
