import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { codeVersion, readCodeVersion } from './code-version.js';

const folder = mkdtempSync(join(tmpdir(), 'bitloom-code-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, text: string): string {
  mkdirSync(join(folder, 'src', name, '..'), { recursive: true });
  writeFileSync(join(folder, 'src', name), text);
  return readCodeVersion(join(folder, 'src'));
}

describe('codeVersion', () => {
  it('changes with the modules that measure, not with those that show or test', () => {
    writeFileSync(join(folder, 'package.json'), '{"version":"1.2.3"}');
    const first = write('graph/model.ts', 'a');
    expect(first).toMatch(/^1\.2\.3\+[0-9a-f]{12}$/);
    expect(write('cli/main.ts', 'b')).toBe(first);
    expect(write('report/text.ts', 'b')).toBe(first);
    expect(write('graph/model.test.ts', 'b')).toBe(first);
    expect(write('graph/model.d.ts', 'b')).toBe(first);
    const second = write('graph/model.ts', 'b');
    expect(second).not.toBe(first);
    expect(write('latency/targets/x.json', '{}')).not.toBe(second);
  });

  it('is that of this package', () => {
    expect(codeVersion()).toMatch(/^\d+\.\d+\.\d+\+[0-9a-f]{12}$/);
    expect(codeVersion()).toBe(codeVersion());
  });
});
