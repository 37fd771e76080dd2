import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { progressEventSchema } from './progress-event.js';

it('holds for the lines that the documentation shows', () => {
  const lines = readFileSync('docs/progress.md', 'utf8').match(/^\{.*\}$/gm) ?? [];
  const events = lines.map((line) => progressEventSchema.parse(JSON.parse(line)).event);
  expect(events).toEqual(['stage', 'progress', 'end']);
});
