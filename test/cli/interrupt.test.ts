import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { tinyModel } from './tiny-model.js';

const folder = mkdtempSync(join(tmpdir(), 'bitloom-interrupt-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Samples that come too slowly for the run ever to end by itself. */
const SLOW = `
export default async function* samples() {
  for (let i = 0; ; i++) {
    yield { inputs: { x: [i, i, i] } };
    if (i === 20) console.error('reading');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}`;

describe('Ctrl-C', () => {
  it('ends a run at once, says where it stood, and leaves nothing behind', async () => {
    const [scratch, model, data, out] = ['scratch', 'tiny.onnx', 'slow.mjs', 'out'].map((name) => join(folder, name));
    mkdirSync(scratch);
    writeFileSync(model, tinyModel());
    writeFileSync(data, SLOW);
    const args = ['--import', 'tsx', 'src/cli/main.ts', 'quantize', model, '--data', data, '--out', out];
    const child = spawn(process.execPath, args, {
      env: { ...process.env, TMPDIR: scratch },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      if (text.includes('reading')) child.kill('SIGINT');
    });
    const [status] = await once(child, 'close');
    expect(stderr).toContain(`interrupted in data; nothing was written to ${out}`);
    expect(status).toBe(130);
    expect(existsSync(out)).toBe(false);
    expect(readdirSync(scratch).filter((name) => name.startsWith('bitloom-'))).toEqual([]);
  });
});
