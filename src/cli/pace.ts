/** How fast things are done, by what was done lately. */
export interface Pace {
  /** Hears that `done` things are done at `nowMs` of a monotonic clock; answers things a second once that can be told. */
  at(done: number, nowMs: number): number | undefined;
}

interface Mark {
  readonly done: number;
  readonly ms: number;
}

/** Long enough to even out blocks and workers, short enough to follow a machine that others begin to use. */
const WINDOW_MS = 30_000;
/** Marks are no closer than this, so that a window holds few. */
const CLOSEST_MS = 100;
/** Over less than this a rate says more of the moment than of the work. */
const SHORTEST_MS = 1000;
/** What is recalled from an earlier run comes in a burst of reports, each soon after the one before. */
const BURST_GAP_MS = 300;
/** A stage that is quick all along is no burst. */
const LONGEST_BURST_MS = 5000;

/**
 * Counts from the end of the first burst of reports, not from the start of the stage: results that were known already
 * make `done` jump, and the jump is no speed. Where `done` falls, another count has begun.
 */
export function createPace(): Pace {
  let marks: readonly Mark[] = [];
  let beganMs = 0;
  return {
    at(done, nowMs) {
      const last = marks.at(-1);
      if (last === undefined || done < last.done) {
        beganMs = nowMs;
        marks = [];
      }
      marks = marked(marks, { done, ms: nowMs }, beganMs);
      return rateOf(marks);
    },
  };
}

/** `marks` and the new one; of those before the window the last one stays, so that the window is spanned. */
function marked(marks: readonly Mark[], mark: Mark, beganMs: number): readonly Mark[] {
  const all = [...(isOneWith(marks, mark, beganMs) ? marks.slice(0, -1) : marks), mark];
  const first = all.findLastIndex(({ ms }) => ms <= mark.ms - WINDOW_MS);
  return all.slice(Math.max(0, Math.min(first, all.length - 2)));
}

/** Whether the new mark takes the last one's place. */
function isOneWith(marks: readonly Mark[], { ms }: Mark, beganMs: number): boolean {
  if (marks.length > 1) return ms - marks[marks.length - 2].ms < CLOSEST_MS;
  return marks.length === 1 && ms - marks[0].ms < BURST_GAP_MS && ms - beganMs < LONGEST_BURST_MS;
}

function rateOf(marks: readonly Mark[]): number | undefined {
  const [first, last] = [marks[0], marks[marks.length - 1]];
  if (last.ms - first.ms < SHORTEST_MS || last.done === first.done) return undefined;
  return (1000 * (last.done - first.done)) / (last.ms - first.ms);
}
