/**
 * Writes what is published of the tables anew: the JSON schemas, and the page of options. `--check` only says which of
 * them are out of date.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { latencyTableSchema } from '../src/latency/read-latency-table.js';
import { targetSchema } from '../src/latency/target-schema.js';
import { OPTION_GROUPS, STAGES } from '../src/options.js';
import { CONFIG, flagName } from '../src/read-options.js';
import { progressEventSchema } from '../src/report/progress-event.js';
import { reportSchema } from '../src/report/schema.js';

const config = z.toJSONSchema(CONFIG, { io: 'input', unrepresentable: 'any' });

const PUBLISHED: Readonly<Record<string, string>> = {
  'schema/bitloom.config.schema.json': json(config),
  'schema/progress.schema.json': json(z.toJSONSchema(progressEventSchema)),
  'schema/report.schema.json': json(z.toJSONSchema(reportSchema)),
  'schema/target.schema.json': json(z.toJSONSchema(targetSchema, { io: 'input' })),
  'schema/latency-table.schema.json': json(z.toJSONSchema(latencyTableSchema, { io: 'input' })),
  'docs/options.md': optionsPage(),
};

function json(schema: object): string {
  return `${JSON.stringify(schema, null, 2)}\n`;
}

function optionsPage(): string {
  const groups = Object.entries(OPTION_GROUPS).map(([group, options]) =>
    [`## ${group}`, '', '| flag | name | default | says | commands |', '| --- | --- | --- | --- | --- |']
      .concat(Object.keys(options).map(optionRow))
      .join('\n'),
  );
  const head = [
    '# Options',
    '',
    'The same options as flags, in a `--config` file and from TypeScript, where notations stay text (`keep: "99.9%"`). Flags',
    'go before the file. `--config`, `--json`, `--json-progress`, `--quiet` and `--trace` belong to every command.',
    'Written by `npm run schema`.',
  ];
  return `${[head.join('\n'), ...groups].join('\n\n')}\n`;
}

function optionRow(name: string): string {
  const schema = config.properties?.[name];
  const { description = '', default: value, enum: choices } = typeof schema === 'object' ? schema : {};
  const says = [description, ...(choices ? [choices.join(', ')] : [])].join(': ').replaceAll('|', '\\|');
  const shown = typeof value === 'string' || typeof value === 'number' ? `\`${value}\`` : '';
  const commands = Object.entries(STAGES).filter(([, stage]) => Object.hasOwn(stage.shape, name));
  return `| \`--${flagName(name)}\` | \`${name}\` | ${shown} | ${says} | ${commands.map(([stage]) => stage).join(', ')} |`;
}

function isCurrent(file: string, text: string): boolean {
  try {
    return readFileSync(file, 'utf8') === text;
  } catch {
    return false;
  }
}

const stale = Object.entries(PUBLISHED).filter(([file, text]) => !isCurrent(file, text));

if (process.argv.includes('--check')) {
  for (const [file] of stale) console.error(`${file} is out of date: npm run schema`);
  process.exitCode = stale.length > 0 ? 1 : 0;
} else {
  mkdirSync('schema', { recursive: true });
  for (const [file, text] of stale) writeFileSync(file, text);
}
