import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { hashFile } from './hash-file.js';

const folder = mkdtempSync(join(tmpdir(), 'bitloom-hash-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** https://www.di-mgt.com.au/sha_testvectors.html */
it.each([
  ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  ['a'.repeat(1_000_000), 'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0'],
])('is the SHA-256 of %.3s...', async (content, hash) => {
  const file = join(folder, 'file');
  writeFileSync(file, content);
  expect(await hashFile(file)).toBe(hash);
});

it('fails as the file system does', async () => {
  await expect(hashFile(join(folder, 'none'))).rejects.toMatchObject({ code: 'ENOENT' });
});
