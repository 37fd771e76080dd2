import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tinyModel } from '../cli/tiny-model.js';

const work = mkdtempSync(join(tmpdir(), 'bitloom-package-'));
const consumer = join(work, 'consumer');

/** README's install line, with the tarball in place of the name. */
const INSTALL = ['install', '--onnxruntime-node-install=skip', '--prefer-offline', '--no-audit', '--no-fund'];

function run(command: string, args: readonly string[], cwd = consumer): string {
  // Only what a user has: no settings that the npm which runs this suite hands down.
  const inherited = Object.entries(process.env).filter(([name]) => !/^npm_|^ONNXRUNTIME_/i.test(name));
  return execFileSync(command, args, { cwd, encoding: 'utf8', env: Object.fromEntries(inherited), stdio: 'pipe' });
}

describe('the npm package, installed into an empty folder', () => {
  beforeAll(() => {
    run('npm', ['pack', '--pack-destination', work], process.cwd());
    const tarball = readdirSync(work).find((file) => file.endsWith('.tgz'));
    mkdirSync(consumer);
    run('npm', [...INSTALL, join(work, String(tarball))]);
    writeFileSync(join(consumer, 'tiny.onnx'), tinyModel());
  }, 180_000);

  afterAll(() => rmSync(work, { recursive: true, force: true }));

  it('has a command that tells its version', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
    expect(run('npx', ['bitloom', '--version']).trim()).toBe(version);
  });

  it('inspects a model', () => {
    const inspection = JSON.parse(run('npx', ['bitloom', 'inspect', 'tiny.onnx', '--json']));
    expect(inspection.units).toEqual([{ name: 'head', op: 'MatMul', parameters: 6, macs: 6 }]);
  });

  it('is a module whose names are there', () => {
    const script =
      "import { inspect, quantize } from 'bitloom'; console.log(typeof quantize, (await inspect('tiny.onnx')).nodes)";
    expect(run('node', ['--input-type=module', '--eval', script]).trim()).toBe('function 1');
  });

  it('has derivatives under a name of its own', () => {
    const script =
      "import { gradient, readProgram, toModel } from 'bitloom/autodiff'; console.log(typeof gradient, typeof readProgram, typeof toModel)";
    expect(run('node', ['--input-type=module', '--eval', script]).trim()).toBe('function function function');
  });

  it('brings types, and they refuse a wrong option', () => {
    writeFileSync(
      join(consumer, 'use.ts'),
      [
        "import { quantize, type QuantizeOptions } from 'bitloom';",
        "const options: QuantizeOptions = { model: 'tiny.onnx', data: 'x', keep: '99.9%', calibrateWith: 'mse' };",
        'export const result = quantize(options);',
        '// @ts-expect-error there is no such method',
        "export const wrong: QuantizeOptions = { model: 'tiny.onnx', calibrateWith: 'guess' };",
      ].join('\n'),
    );
    const tsc = join(process.cwd(), 'node_modules/typescript/bin/tsc');
    const strict = [
      '--noEmit',
      '--strict',
      '--exactOptionalPropertyTypes',
      '--skipLibCheck',
      '--module',
      'nodenext',
      '--target',
      'es2023',
    ];
    expect(run('node', [tsc, ...strict, 'use.ts'])).toBe('');
  });

  it('ships the schemas and no tests', () => {
    const installed = join(consumer, 'node_modules/bitloom');
    const files = readdirSync(installed, { recursive: true, encoding: 'utf8' }).filter(
      (file) => !file.startsWith('node_modules'),
    );
    expect(files).toContain('schema/bitloom.config.schema.json');
    expect(files.filter((file) => file.includes('.test.'))).toEqual([]);
  });
});
