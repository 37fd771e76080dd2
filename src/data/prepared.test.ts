import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { BitloomError } from '../kernel/errors.js';
import { floats, ints, toNumbers } from '../kernel/tensor.js';
import type { Dataset, Sample } from './dataset.js';
import { prepare, readPrepared, readSample } from './prepared.js';

const folder = mkdtempSync(join(tmpdir(), 'bitloom-prepared-'));
afterAll(() => rmSync(folder, { recursive: true }));

function sampleOf(index: number, width: number): Sample {
  return {
    id: `s${index}`,
    inputs: { a: floats([index, ...Array(width).fill(0.5)]), ids: ints([index, 7, 9]) },
    label: index % 3 === 0 ? [index, -100] : index,
  };
}

function datasetOf(length: number, width = 4, fail: (index: number) => boolean = () => false): Dataset {
  return {
    name: 'made',
    length,
    labelled: true,
    read: async (index) => {
      await new Promise((resolve) => setTimeout(resolve, (index * 7) % 3));
      if (fail(index)) throw new BitloomError({ kind: 'data', code: 'unreadable-image', message: `bad ${index}` });
      return sampleOf(index, width);
    },
  };
}

async function all(samples: AsyncIterable<Sample>): Promise<Sample[]> {
  const result: Sample[] = [];
  for await (const sample of samples) result.push(sample);
  return result;
}

describe('prepare', () => {
  it('keeps order, labels and values whatever order reads finish in', async () => {
    const indices = [5, 0, 9, 3, 2];
    const set = await prepare(datasetOf(10), indices, join(folder, 'order'), { concurrency: 3 });
    const samples = await all(readPrepared(set));
    expect(samples.map(({ id }) => id)).toEqual(indices.map((i) => `s${i}`));
    expect(samples.map(({ label }) => label)).toEqual([5, [0, -100], [9, -100], [3, -100], 2]);
    expect(Array.from(toNumbers(samples[2].inputs.a))).toEqual([9, 0.5, 0.5, 0.5, 0.5]);
    expect(toNumbers(samples[2].inputs.ids)).toEqual([9, 7, 9]);
    expect(samples[2].inputs.ids.dtype).toBe('int64');
  });

  it('reads parts and single samples, also when the set takes several blocks', async () => {
    const set = await prepare(datasetOf(7, 10 ** 6), [0, 1, 2, 3, 4, 5, 6], join(folder, 'blocks'));
    expect((await all(readPrepared(set))).map(({ id }) => id)).toEqual(['s0', 's1', 's2', 's3', 's4', 's5', 's6']);
    expect((await all(readPrepared(set, 2, 5))).map(({ id }) => id)).toEqual(['s2', 's3', 's4']);
    expect(await all(readPrepared(set, 4, 4))).toEqual([]);
    expect((await readSample(set, 6)).id).toBe('s6');
    await expect(readSample(set, 7)).rejects.toThrow('of 7');
  });

  it('reads no more ahead than its window', async () => {
    let running = 0;
    let most = 0;
    const dataset: Dataset = {
      ...datasetOf(20),
      read: async (index) => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, 1));
        running--;
        return sampleOf(index, 1);
      },
    };
    await prepare(dataset, [...Array(20).keys()], join(folder, 'window'), { concurrency: 3 });
    expect(most).toBe(3);
  });

  it('reports the bad samples together, and leaves no file', async () => {
    const dataset = datasetOf(30, 4, (index) => index % 2 === 0);
    const error = await prepare(dataset, [...Array(30).keys()], join(folder, 'bad')).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(BitloomError);
    expect(String(error)).toContain('bad 18');
    expect(String(error)).not.toContain('bad 20');
    expect(String(error)).toContain('and 5 more');
    expect(readdirSync(folder).filter((name) => name.startsWith('bad'))).toEqual([]);
  });

  it('stops when aborted, and leaves no file', async () => {
    const stop = new AbortController();
    const running = prepare(datasetOf(20), [...Array(20).keys()], join(folder, 'aborted'), {
      signal: stop.signal,
      onProgress: (done) => done === 3 && stop.abort(),
    });
    await expect(running).rejects.toThrow(/abort/i);
    expect(readdirSync(folder).filter((name) => name.startsWith('aborted'))).toEqual([]);
  });

  it('refuses an empty selection', async () => {
    await expect(prepare(datasetOf(3), [], join(folder, 'none'))).rejects.toThrow('there are no samples');
  });

  it('names a folder that does not exist', async () => {
    await expect(prepare(datasetOf(3), [0], join(folder, 'no', 'set'))).rejects.toThrow('its folder does not exist');
  });

  it.runIf(existsSync('/dev/full'))('says when the disk is full, and leaves no file', async () => {
    symlinkSync('/dev/full', join(folder, `full.${process.pid}.tmp`));
    await expect(prepare(datasetOf(3), [0], join(folder, 'full'))).rejects.toThrow('the disk is full');
    expect(readdirSync(folder).filter((name) => name.startsWith('full'))).toEqual([]);
  });

  it('writes the same bytes for the same samples', async () => {
    const [a, b] = [join(folder, 'same-a'), join(folder, 'same-b')];
    await prepare(datasetOf(5), [0, 1, 2], a, { concurrency: 1 });
    await prepare(datasetOf(5), [0, 1, 2], b, { concurrency: 5 });
    expect(readFileSync(a).equals(readFileSync(b))).toBe(true);
  });
});

describe('readPrepared', () => {
  const written = (name: string, indices = [0, 1, 2]) => prepare(datasetOf(5), indices, join(folder, name));

  it('names a missing, a truncated and a corrupted file', async () => {
    const set = await written('damage');
    await expect(all(readPrepared({ ...set, file: join(folder, 'nowhere') }))).rejects.toThrow('cannot be opened');
    const bytes = readFileSync(set.file);
    bytes[90] ^= 1;
    writeFileSync(set.file, bytes);
    await expect(all(readPrepared(set))).rejects.toThrow('sample 0 does not match its checksum');
    truncateSync(set.file, bytes.length - 10);
    await expect(all(readPrepared(set))).rejects.toThrow('truncated');
    truncateSync(set.file, 3);
    await expect(all(readPrepared(set))).rejects.toThrow('truncated');
  });

  it('sees that the file was written anew', async () => {
    const set = await written('anew', [0, 1, 2]);
    await written('anew', [2, 1, 0]);
    await expect(all(readPrepared(set))).rejects.toThrow('other samples');
  });

  it('can be stopped early', async () => {
    const set = await written('early');
    for await (const sample of readPrepared(set)) {
      expect(sample.id).toBe('s0');
      break;
    }
    rmSync(set.file);
    expect(existsSync(set.file)).toBe(false);
  });

  it('works in a child process, from plain data', async () => {
    const set = await written('child');
    const module = new URL('./prepared.ts', import.meta.url).href;
    const script = `const { readPrepared } = await import(${JSON.stringify(module)});
      let ids = ''; for await (const s of readPrepared(${JSON.stringify(set)})) ids += s.id; console.log(ids);`;
    const output = execFileSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script]);
    expect(output.toString().trim()).toBe('s0s1s2');
  });
});
