import { facts, wrapped } from './format.js';

/** What a run would do, found out without running it. */
export interface Preview {
  readonly model: string;
  readonly precision: string;
  readonly opset: number;
  readonly metric: string;
  readonly floor: string;
  readonly decide: string;
  readonly samples: { readonly calibration: number; readonly selection: number; readonly holdout: number };
  readonly labelled: boolean;
  /** Smallest loss that the selection samples can rule out at 95 %, as a share of 1. */
  readonly resolves: number;
  /** Units by the formats that they may take, slowest first, or the reason why they have no choice. */
  readonly choices: readonly { readonly choice: string; readonly units: number }[];
  readonly search: string;
  /** Evaluations of a model on the selection samples, at most. */
  readonly evaluations: number;
  readonly writes: readonly string[];
  readonly notes: readonly string[];
}

const WIDTH = 78;

/** For a terminal of 80 columns. */
export function printPreview(preview: Preview): string {
  const { samples } = preview;
  const plain = facts([
    ['model', `${preview.precision}, opset ${preview.opset}`],
    ['floor', `${preview.floor} of ${preview.metric}, by ${preview.decide}`],
    ['samples', `${samples.calibration} calibration, ${samples.selection} selection, ${samples.holdout} holdout`],
    ['resolves', `a loss of ${(100 * preview.resolves).toFixed(2)} of 100 answers`],
    ['search', `${preview.search}, at most ${preview.evaluations} evaluations`],
    ['writes', preview.writes.join(', ')],
  ]);
  const choices = preview.choices.flatMap(({ choice, units }) => indented(`${units} units: ${choice}`));
  const notes = preview.notes.flatMap((note) => indented(`note: ${note}`));
  return `${['nothing was run, nothing was written', plain, choices.join('\n'), notes.join('\n')].filter(Boolean).join('\n\n')}\n`;
}

function indented(text: string): readonly string[] {
  return wrapped(text, WIDTH).map((line) => `  ${line}`);
}
