import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { broken } from './laws.js';
import { SINGLE, singleErrors, TRAINED, trainedSubject } from './model-laws.js';

describe.each(TRAINED)('the derivatives of $name', ({ file }) => {
  it.runIf(existsSync(file))('obey the laws that float32 can show', async () => {
    expect(broken(await singleErrors(await trainedSubject(file, 'own')), SINGLE)).toEqual([]);
  });
});
