#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { analyzeCommand } from './analyze.js';
import { benchCommand } from './bench.js';
import { cacheCommand } from './cache.js';
import { compareCommand } from './compare.js';
import { evaluateCommand } from './evaluate.js';
import { inspectCommand } from './inspect.js';
import { profileCommand } from './profile.js';
import { quantizeCommand } from './quantize.js';

const COMMANDS = [
  inspectCommand,
  quantizeCommand,
  analyzeCommand,
  evaluateCommand,
  profileCommand,
  benchCommand,
  compareCommand,
  cacheCommand,
];

const { version, description }: { version: string; description: string } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
);

const program = new Command('bitloom')
  .description(description)
  .version(version)
  .showHelpAfterError('(--help shows all options)');
for (const command of COMMANDS) program.addCommand(command);

// A reader that has seen enough (`| head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

await program.parseAsync();
