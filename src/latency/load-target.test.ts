import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { BitloomError, type Problem } from '../kernel/errors.js';
import { FORMAT_NAMES } from '../quantize/formats.js';
import { checkTarget } from './check-target.js';
import { loadTarget, targetNames } from './load-target.js';
import { UNIT_OPS } from './row-schema.js';
import { latencyLabel } from './target.js';
import { targetOf } from './target-schema.js';

const folder = mkdtempSync(join(tmpdir(), 'bitloom-targets-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A shipped file as text, with one thing in it changed. */
function edited(name: string, from: string, to: string): string {
  const text = readFileSync(`src/latency/targets/${name}.json`, 'utf8');
  expect(text).toContain(from);
  return text.replace(from, to);
}

function problemsWith(text: string): readonly Problem[] {
  const file = join(folder, 'wrong.json');
  writeFileSync(file, text);
  try {
    loadTarget(file);
  } catch (error) {
    if (error instanceof BitloomError) return error.problems;
    throw error;
  }
  return [];
}

describe.each(targetNames)('the target %s', (name) => {
  const target = loadTarget(name);

  it('has a baseline that every ladder begins with', () => {
    for (const op of UNIT_OPS) expect(target.ladder[op][0]).toBe(target.baseline);
    expect(target.products[0]).toBe(target.baseline);
  });

  it('gives every format a rule or says why not', () => {
    for (const op of UNIT_OPS) {
      const open = FORMAT_NAMES.filter((format) => target.kernels[op][format] === undefined);
      if (open.length > 0) expect(target.lacks[op]).not.toBe('');
      expect(FORMAT_NAMES.length - open.length).toBeGreaterThanOrEqual(target.ladder[op].length);
    }
  });

  it('is plain data', () => {
    expect(JSON.parse(JSON.stringify(target))).toEqual(target);
    expect(structuredClone(target)).toEqual(target);
  });

  it('is the same when its file is written anew from what was read', () => {
    const file = checkTarget(JSON.parse(readFileSync(`src/latency/targets/${name}.json`, 'utf8')), {});
    expect(file.name).toBe(name);
    expect(targetOf(checkTarget(JSON.parse(JSON.stringify(file)), {}), name)).toEqual(target);
  });
});

describe('loadTarget', () => {
  it('calls measured only what runs where it is served', () => {
    const labels = targetNames.map((name) => [name, latencyLabel(loadTarget(name))]);
    expect(Object.fromEntries(labels)).toEqual({
      'ort-cpu': 'measured',
      'ort-wasm': 'estimated',
      'ort-webgpu': 'estimated',
      a100: 'estimated',
      'npu-int': 'estimated',
    });
  });

  it('reads a file under the path given, and again when it changed', () => {
    const file = join(folder, 'own.json');
    writeFileSync(file, edited('ort-cpu', '"name": "ort-cpu"', '"name": "own"'));
    const first = loadTarget(file);
    expect(first.name).toBe(file);
    expect(first.ladder).toEqual(loadTarget('ort-cpu').ladder);
    expect(loadTarget(file)).toBe(first);
    writeFileSync(
      file,
      edited('ort-cpu', '"Conv": {\n      "ladder": ["float", "w8a8"]', '"Conv": {\n      "ladder": ["float"]'),
    );
    utimesSync(file, new Date(), new Date(Date.now() + 5000));
    expect(loadTarget(file).ladder.Conv).toEqual(['float']);
  });

  it('tells a file that is not there from a name that is not known', () => {
    expect(() => loadTarget(join(folder, 'none.json'))).toThrow(/none\.json: there is no such file/);
    expect(() => loadTarget('a10')).toThrow(/there is no target a10\n.*Did you mean a100\?/);
  });

  it.each([
    [
      '"ladder": ["float", "w8a8"]',
      '"ladder": ["float", "w8a9"]',
      'operators.Conv.ladder[1]: "w8a9"',
      'Did you mean w8a8?',
    ],
    ['"ConvTranspose": {', '"ConvTransposed": {', 'operators: "ConvTransposed"', 'Did you mean ConvTranspose?'],
    ['"compute": "float"', '"compute": "floats"', 'operators.Conv.rules[0].compute: "floats"', 'Did you mean float?'],
    ['"followerBits": 8', '"followerBits": 7', 'followerBits: 7', 'Known are: 4, 8, 16.'],
    ['"Relu": {', '"ReLU": {', 'followers.ReLU: is no operator', 'Did you mean Relu?'],
    ['"says": "ONNX', '"sayz": "ONNX', '"sayz" is not known here', 'Did you mean says?'],
    ['"date": "2026-11-23"', '"date": "yesterday"', 'origin.date: ', undefined],
    ['"source": "measured"', '"source": "guessed"', 'costs.source: ', undefined],
    ['"ladder": ["float", "w8a8"]', '"ladder": ["w8a8"]', 'operators.Conv.ladder[0]: a ladder begins with', undefined],
    ['"ladder": ["float", "w8a8"]', '"ladder": ["float", "w4a4"]', 'operators.Conv.ladder[1]: no rule', undefined],
    [
      '"ladder": ["float", "w8a8"]',
      '"ladder": ["float", "float"]',
      'operators.Conv.ladder[1]: float stands twice',
      undefined,
    ],
    ['"formats": ["w8a8"]', '"formats": ["float"]', 'operators.Conv.rules[2].formats[0]: float has a rule', undefined],
    ['"kernel": "QLinearAdd"', '"kernel": ""', 'followers.Add.kernel: names', undefined],
  ])('says where %s became %s', (from, to, message, hint) => {
    const problems = problemsWith(edited('ort-cpu', from, to));
    const found = problems.find((problem) => problem.message.startsWith(message));
    expect(found, problems.map((problem) => problem.message).join('\n')).toBeDefined();
    expect(found?.place).toEqual({ option: 'target', file: join(folder, 'wrong.json') });
    expect(found?.code).toBe('bad-target');
    expect(found?.hint).toBe(hint);
  });

  it('asks a roofline for a rate of every format on a ladder', () => {
    const problems = problemsWith(edited('a100', '"w4a4": 1248000000000000,', ''));
    expect(problems.map(({ message }) => message)).toEqual(
      ['operators.Conv.ladder[2]', 'operators.Gemm.ladder[2]', 'operators.MatMul.ladder[2]', 'products[2]'].map(
        (at) => `${at}: costs.rates has no rate of w4a4`,
      ),
    );
  });

  it('tells all that is wrong at once, and what is no JSON', () => {
    const text = edited('ort-cpu', '"baseline": "float",', '').replace('"provider": "cpu"', '"provider": 3');
    expect(problemsWith(text).map(({ message }) => message.split(':')[0])).toEqual(['provider', 'baseline']);
    expect(problemsWith('{"version": 1,')).toMatchObject([
      { code: 'bad-target', message: expect.stringMatching(/^is no JSON/) },
    ]);
  });
});
