/** Writes the published JSON schemas anew from the tables they are read off. `--check` only says whether they are up to date. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { CONFIG } from '../src/read-options.js';
import { reportSchema } from '../src/report/schema.js';

const SCHEMAS: Readonly<Record<string, unknown>> = {
  'schema/bitloom.config.schema.json': z.toJSONSchema(CONFIG, { io: 'input', unrepresentable: 'any' }),
  'schema/report.schema.json': z.toJSONSchema(reportSchema),
};

function isCurrent(file: string, text: string): boolean {
  try {
    return readFileSync(file, 'utf8') === text;
  } catch {
    return false;
  }
}

const stale = Object.entries(SCHEMAS)
  .map(([file, schema]) => ({ file, text: `${JSON.stringify(schema, null, 2)}\n` }))
  .filter(({ file, text }) => !isCurrent(file, text));

if (process.argv.includes('--check')) {
  for (const { file } of stale) console.error(`${file} is out of date: npm run schema`);
  process.exitCode = stale.length > 0 ? 1 : 0;
} else {
  mkdirSync('schema', { recursive: true });
  for (const { file, text } of stale) writeFileSync(file, text);
}
