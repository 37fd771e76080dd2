/** Work done so far inside one stage. */
export interface Progress {
  readonly stage: string;
  readonly done: number;
  readonly total: number;
  /** `total` is an upper bound: the stage may be through before. */
  readonly atMost?: true;
  /** How many of `done` were known from before. They took no time, so no rate counts them. */
  readonly recalled?: number;
  /** Things a second, where the stage knows better than `done` over time. */
  readonly rate?: number;
  /** The latest result, in a few words. */
  readonly note?: string;
  /** The best result so far, in a few words. Holds until the stage ends or tells another. */
  readonly best?: string;
}

/** Whoever watches a run: the terminal, a log, a test. Every call is cheap and may be ignored. */
export interface Observer {
  /** A stage begins; the one before has ended. */
  stage(name: string): void;
  progress(progress: Progress): void;
  /** Something the user should know whatever they asked to see. */
  note(text: string): void;
  /** What a pass or a search step did; shown by `--trace`. */
  trace(text: string): void;
}

/** Watches nothing. */
export const silent: Observer = { stage() {}, progress() {}, note() {}, trace() {} };
