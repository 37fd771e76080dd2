import { Command, Option } from 'commander';
import type { z } from 'zod';
import type { Observer } from '../kernel/observer.js';
import { OPTION_GROUPS } from '../options.js';
import { checkOptions, optionsFor, readConfig } from '../read-options.js';
import { printFailure } from './failure.js';
import { flagsOf } from './flags.js';
import { heedSignals } from './interrupt.js';
import { type Presentation, present } from './present.js';
import { showProgress } from './progress.js';
import { useScratchFolder } from './scratch.js';

/** A stage, and how the terminal shows what it returns. */
export interface StageCommand<S extends z.ZodObject, Result> extends Presentation<Result> {
  readonly name: string;
  readonly says: string;
  readonly example: string;
  /** The stage's table of options. `model` or `models` in it comes without a flag. */
  readonly options: S;
  /**
   * Loads the stage when it is called: help and complaints should not wait for native libraries. When the signal is
   * aborted it stops, keeps what it has measured, and rejects with a BitloomError `interrupted`.
   */
  run(options: z.input<S>, observer: Observer, signal: AbortSignal): Promise<Result>;
}

const FAILED = 1;

/** How long the user's own code, such as a module of samples, may keep a stopped process from ending. */
const LINGER_MS = 1000;

/** Flags of the terminal rather than of the stage. */
interface TerminalFlags {
  readonly config?: string;
  readonly json?: boolean;
  readonly jsonProgress?: boolean;
  readonly quiet?: boolean;
  readonly trace?: boolean;
}

const TERMINAL_FLAGS = [
  new Option('--config <file>', 'options as JSON, under their TypeScript names; flags go before it'),
  new Option('--json', 'print the result as JSON, and nothing else, on stdout'),
  new Option('--json-progress', 'progress as JSON, an event a line, on stderr').conflicts('quiet'),
  new Option('--quiet', 'no progress'),
  new Option('--trace', 'tell every pass and step, and where an error was raised'),
].map((flag) => flag.helpGroup('Terminal:'));

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
  for (const flag of flagsOf(stage.options, OPTION_GROUPS)) command.addOption(flag);
  for (const flag of TERMINAL_FLAGS) command.addOption(flag);
  return command.action((given: string | readonly string[] = [], flags: TerminalFlags & Record<string, unknown>) => {
    const { config, json, jsonProgress, quiet, trace, ...options } = flags;
    const named = given.length > 0 ? { [positional]: given } : {};
    return runStage(stage, { ...options, ...named }, flags);
  });
}

async function runStage<S extends z.ZodObject, Result>(
  stage: StageCommand<S, Result>,
  given: Readonly<Record<string, unknown>>,
  { config, json = false, jsonProgress = false, quiet = false, trace = false }: TerminalFlags,
): Promise<void> {
  const progress = showProgress(process.stderr, { quiet, trace, json: jsonProgress });
  const keeps = 'cache' in stage.options.shape;
  const interruption = heedSignals(progress, keeps ? 'stopping: what was measured is kept' : 'stopping');
  try {
    const configured = config === undefined ? {} : await readConfig(config);
    const options: unknown = { ...optionsFor(stage.options, configured), ...given };
    checkOptions(stage.options, options);
    useScratchFolder();
    const result = await stage.run(options, progress, interruption.signal);
    progress.close();
    present(stage, result, json);
  } catch (error) {
    progress.abandon();
    printFailure(error, { trace });
    const stopped = interruption.status();
    process.exitCode = stopped ?? FAILED;
    if (stopped !== undefined) setTimeout(process.exit, LINGER_MS).unref();
  } finally {
    interruption.release();
  }
}
