/** What `bitloom cache` lists and frees, on a folder in which two runs left something. */
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { cacheCommand } from '../../src/cli/cache.js';
import { openCache, runFolder } from '../../src/store/cache.js';
import { resultKind } from '../../src/store/result-kind.js';
import { layered } from '../../src/store/results.js';
import { openRun } from '../../src/store/run-store.js';
import { inProcess, temporaryFolder } from './command.js';

const EVALUATION = resultKind<readonly number[]>('evaluation');
const KERNELS = resultKind<string>('kernels');
const LONG = '9-a-model-whose-name-goes-on-and-on-0123456789ab';

async function leaveRun(cache: string, id: string, status: 'finished' | 'interrupted'): Promise<void> {
  const shared = await openCache(cache, { maxBytes: 1e9 });
  const model = { path: '/models/model.onnx', hash: 'f00d' };
  const run = await openRun(runFolder(cache, id), { id, command: 'quantize', model, settings: {} });
  const results = layered(run, shared);
  await results.keep(EVALUATION, { block: id }, [1, 2, 3]);
  await results.keep(KERNELS, { plan: id }, 'x'.repeat(1000));
  run.finish(status);
  await run.close();
  await shared.close();
}

const folder = temporaryFolder('cache');
let cache = '';
const run = (...args: readonly string[]) => inProcess(cacheCommand, ...args, '--cache', cache);
const listed = async () => JSON.parse((await run('--json')).stdout);

beforeEach(async () => {
  cache = mkdtempSync(join(folder, 'cache-'));
  await leaveRun(cache, 'resnet20-0123456789ab', 'finished');
  await leaveRun(cache, LONG, 'interrupted');
});

describe('bitloom cache', () => {
  it('lists folder, sizes, shared results and runs in 80 columns', async () => {
    const { status, stdout } = await run();
    expect(status).toBe(0);
    const lines = stdout.split('\n');
    expect(lines[0]).toBe(cache);
    expect(lines[1]).toMatch(/^ {2}[\d.]+ [kM]B; bounded at 4\.3 GB unless --cache-size says otherwise$/);
    expect(stdout).toMatch(/^ {2}evaluation +2 +\d+ B$/m);
    expect(stdout).toMatch(/^ {2}resnet20-0123456789ab +quantize +finished +2 +[\d.]+ [kM]B +\d{4}-\d\d-\d\d$/m);
    expect(stdout).toMatch(/^ {2}\.\.\.n-and-on-0123456789ab +quantize +interrupted +2 /m);
    expect(lines.slice(1).filter((line) => line.length > 80)).toEqual([]);
  });

  it('lists the same as JSON', async () => {
    const { folder: where, bytes, maxBytes, results, runs } = await listed();
    expect({ where, maxBytes }).toEqual({ where: cache, maxBytes: 2 ** 32 });
    expect(bytes).toBeGreaterThan(2000);
    expect(results.map(({ kind, rows }: { kind: string; rows: number }) => [kind, rows])).toEqual([
      ['evaluation', 2],
      ['kernels', 2],
    ]);
    expect(runs.map(({ id }: { id: string }) => id).sort()).toEqual([LONG, 'resnet20-0123456789ab']);
  });

  it('finds nothing in a folder that is not there, and does not make it', async () => {
    const nowhere = join(cache, 'nowhere');
    const { status, stdout } = await inProcess(cacheCommand, '--cache', nowhere);
    expect(status).toBe(0);
    expect(stdout).toBe(`${nowhere}\n  0 B; bounded at 4.3 GB unless --cache-size says otherwise\n`);
  });
});

describe('bitloom cache prune', () => {
  it('leaves what is small and young', async () => {
    const { status, stdout } = await run('prune', '--older-than', '30d');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^freed [\d.]+ k?B: 0 shared results and 0 runs\n[\d.]+ kB are left\n$/);
    expect((await listed()).runs).toHaveLength(2);
  });

  it('frees all, and names the runs', async () => {
    const { stdout } = await run('prune', '--all');
    expect(stdout).toMatch(/^freed [\d.]+ kB: 4 shared results and 2 runs\n/);
    expect(stdout).toContain(LONG);
    expect(await listed()).toMatchObject({ results: [], runs: [] });
  });

  it('only tells what would go in a dry run', async () => {
    const before = await listed();
    const { stdout } = await run('prune', '--all', '--dry-run');
    expect(stdout).toMatch(/^would free [\d.]+ kB: 4 shared results and 2 runs\n/);
    expect(stdout).toMatch(/\n[\d.]+ kB would be left\n$/);
    expect(await listed()).toMatchObject({ results: before.results, runs: before.runs });
  });

  it('frees down to a size, and keeps the run that somebody may go on with longest', async () => {
    const { bytes, runs } = await listed();
    const finished = runs.find(({ status }: { status: string }) => status === 'finished');
    const { stdout } = await run('prune', '--max-size', String(bytes - finished.bytes), '--json');
    expect(JSON.parse(stdout).runs).not.toContain(LONG);
    expect((await listed()).bytes).toBeLessThanOrEqual(bytes - finished.bytes);
  });

  it.each([
    [['--max-size', '4XB'], '--max-size: "4XB" is no size'],
    [['--older-than', 'yesterday'], '--older-than: "yesterday" is no time'],
  ])('refuses %j', async (args, message) => {
    const { status, stdout, stderr } = await run('prune', ...args);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain(message);
    expect((await listed()).runs).toHaveLength(2);
  });
});
