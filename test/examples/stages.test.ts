import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'bitloom-example-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('the stages example quantizes every unit and keeps the accuracy', () => {
  const args = ['--import', 'tsx', 'examples/stages.ts', join(folder, 'int8.onnx')];
  const lines = execFileSync(process.execPath, args, { encoding: 'utf8' }).trim().split('\n');
  expect(lines.filter((line) => /: (QLinearConv|QGemm)$/.test(line))).toHaveLength(28);
  const [, float, quantized] = /float ([\d.]+), quantized ([\d.]+)/.exec(lines[lines.length - 1]) ?? [];
  expect(Number(float)).toBeGreaterThan(0.85);
  expect(Number(quantized)).toBeGreaterThan(Number(float) - 0.03);
});
