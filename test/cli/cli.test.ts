import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { tinyModel } from './tiny-model.js';

const folder = mkdtempSync(join(tmpdir(), 'bitloom-cli-'));
const model = join(folder, 'tiny.onnx');
writeFileSync(model, tinyModel());

function bitloom(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', ...args], {
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('bitloom', () => {
  it('shows an inspection in 80 columns', () => {
    const { status, stdout } = bitloom('inspect', model);
    expect(status).toBe(0);
    expect(stdout).toContain('MatMul 1');
    expect(stdout.split('\n').filter((line) => line.length > 80 && !line.includes(folder))).toEqual([]);
  });

  it('prints JSON alone with --json', () => {
    const { stdout, stderr } = bitloom('inspect', model, '--json', '--quiet');
    expect(JSON.parse(stdout).inputs).toEqual([{ name: 'x', type: 'float32[N,3]' }]);
    expect(stderr).toBe('');
  });

  it('evaluates and compares from the samples of a module', () => {
    const data = join(folder, 'samples.mjs');
    writeFileSync(data, 'export default Array.from({ length: 20 }, (_, i) => ({ inputs: { x: [i, 1 - i, 2] } }));');
    const evaluation = bitloom('evaluate', model, '--reference', model, '--data', data, '--json');
    expect(JSON.parse(evaluation.stdout)).toMatchObject({
      value: { value: 1, samples: 20 },
      against: { divergence: 0 },
    });
    const comparison = bitloom('compare', model, model, '--data', data, '--json');
    expect(JSON.parse(comparison.stdout)).toMatchObject([{ samples: 20, values: [{ node: 'head', noise: 0 }] }]);
  });

  it('takes the model from a configuration file, and refuses names it does not know there', () => {
    const config = join(folder, 'config.json');
    writeFileSync(config, JSON.stringify({ model, keep: '99.9%' }));
    expect(bitloom('inspect', '--config', config).status).toBe(0);
    writeFileSync(config, JSON.stringify({ model, calibrateWit: 'mse' }));
    const { status, stderr } = bitloom('inspect', '--config', config);
    expect(status).toBe(1);
    expect(stderr).toContain(`${config}: unknown option calibrateWit\n  Did you mean calibrateWith?`);
  });

  it.each([
    [['inspect', 'package.json'], 'package.json'],
    [['inspect', 'nowhere.onnx'], 'nowhere.onnx'],
    [['inspect'], 'give the model'],
    [['inspekt', 'x'], 'Did you mean inspect?'],
    [['inspect', '--jsn', 'x'], 'Did you mean --json?'],
  ])('fails on %j with status 1, the place, and nothing on stdout', (args, place) => {
    const { status, stdout, stderr } = bitloom(...args);
    expect(status).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toContain(place);
    expect(stderr).not.toContain('    at ');
  });
});
