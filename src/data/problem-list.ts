import { BitloomError, type Problem } from '../kernel/errors.js';

/** Problems beyond this number are counted, not listed: a thousand bad files must not bury the first. */
export const LISTED = 10;

/** Collects what is wrong with a data set, to report the first `LISTED` together and how many more there are. */
export interface ProblemList {
  readonly count: number;
  add(problem: Problem): void;
  /** Takes over the problems of a `BitloomError`; anything else is not about the data and is thrown again. */
  caught(error: unknown): void;
  /** Throws when anything was added. */
  throwIfAny(): void;
}

export function problemList(): ProblemList {
  const listed: Problem[] = [];
  let count = 0;
  const add = (problem: Problem) => {
    count++;
    if (listed.length < LISTED) listed.push(problem);
  };
  return {
    get count() {
      return count;
    },
    add,
    caught: (error) => {
      if (!(error instanceof BitloomError)) throw error;
      error.problems.forEach(add);
    },
    throwIfAny: () => {
      if (count > 0) throw new BitloomError(withRest(listed, count));
    },
  };
}

function withRest(listed: readonly Problem[], count: number): readonly Problem[] {
  const more = count - listed.length;
  if (more === 0) return listed;
  return [...listed, { kind: 'data', code: 'more-problems', message: `and ${more} more problems like these` }];
}
