import { Command, Option } from 'commander';
import type { z } from 'zod';
import type { Observer } from '../kernel/observer.js';
import { checkOptions, optionsFor, readConfig } from '../read-options.js';
import { printFailure } from './failure.js';
import { flagsOf } from './flags.js';
import { onInterrupt } from './interrupt.js';
import { showProgress } from './progress.js';
import { useScratchFolder } from './scratch.js';

/** A stage, and how the terminal shows what it returns. */
export interface StageCommand<S extends z.ZodObject, Result> {
  readonly name: string;
  readonly says: string;
  readonly example: string;
  /** The stage's table of options. `model` or `models` in it comes without a flag. */
  readonly options: S;
  /** Loads the stage when it is called: help and complaints should not wait for native libraries. */
  run(options: z.input<S>, observer: Observer): Promise<Result>;
  /** For people: at most 80 columns. */
  print(result: Result): string;
  /** For machines, with `--json`; the result itself when left out. */
  data?(result: Result): unknown;
  /** Exit status; 0 when left out. */
  status?(result: Result): number;
}

/** Flags of the terminal rather than of the stage. */
interface TerminalFlags {
  readonly config?: string;
  readonly json?: true;
  readonly quiet?: true;
  readonly trace?: true;
}

const TERMINAL_FLAGS = [
  ['--config <file>', 'options as JSON, under their TypeScript names; flags go before it'],
  ['--json', 'print the result as JSON, and nothing else, on stdout'],
  ['--quiet', 'no progress'],
  ['--trace', 'tell every pass and step, and where an error was raised'],
] as const;

/** The command of a stage: reads flags and configuration, runs the stage, prints what came out. */
export function stageCommand<S extends z.ZodObject, Result>(stage: StageCommand<S, Result>): Command {
  const positional = 'models' in stage.options.shape ? 'models' : 'model';
  const command = new Command(stage.name)
    .description(stage.says)
    .argument(
      positional === 'models' ? '[models...]' : '[model]',
      'ONNX file or model folder, unless --config names it',
    )
    .addHelpText('after', `\nExample:\n  ${stage.example}`);
  for (const flag of flagsOf(stage.options)) command.addOption(flag);
  for (const [flag, help] of TERMINAL_FLAGS) command.addOption(new Option(flag, help).helpGroup('Terminal:'));
  return command.action((given: string | readonly string[] = [], flags: TerminalFlags & Record<string, unknown>) => {
    const { config, json, quiet, trace, ...options } = flags;
    const named = given.length > 0 ? { [positional]: given } : {};
    return runStage(stage, { ...options, ...named }, flags);
  });
}

async function runStage<S extends z.ZodObject, Result>(
  stage: StageCommand<S, Result>,
  given: Readonly<Record<string, unknown>>,
  flags: TerminalFlags,
): Promise<void> {
  const progress = showProgress(process.stderr, { quiet: flags.quiet ?? false, trace: flags.trace ?? false });
  try {
    const config = flags.config === undefined ? {} : await readConfig(flags.config);
    const options: unknown = { ...optionsFor(stage.options, config), ...given };
    checkOptions(stage.options, options);
    useScratchFolder();
    onInterrupt(progress, options);
    const result = await stage.run(options, progress);
    progress.close();
    const data = stage.data ?? ((whole: Result) => whole);
    process.stdout.write(flags.json ? `${JSON.stringify(data(result), null, 2)}\n` : stage.print(result));
    process.exitCode = stage.status?.(result) ?? 0;
  } catch (error) {
    progress.abandon();
    printFailure(error, { trace: flags.trace ?? false });
    process.exitCode = 1;
  }
}
