import type { StageFacts } from './stage-facts.js';

/** Something said between two reports. */
export interface Saying {
  readonly event: 'note' | 'trace';
  readonly text: string;
  /** The stage under way. */
  readonly stage?: string;
}

/** One way to show a run: a bar, lines, or events for machines. */
export interface Meter {
  begin(stage: string): void;
  show(facts: StageFacts): void;
  end(facts: StageFacts): void;
  say(saying: Saying): void;
  /** Leaves the screen as it should stay: after this a stage may end without a word. */
  clear(): void;
}

export const NO_METER: Meter = { begin() {}, show() {}, end() {}, say() {}, clear() {} };
