import { BitloomError, describeProblem, type Problem } from '../kernel/errors.js';
import { INTERRUPTED } from '../pipeline/watch.js';

/** One cause can make a thousand problems; these many show what they have in common. */
const LISTED = 10;

/** Says on stderr what went wrong: what a user can mend with its place and hint, anything else as the fault of the program. */
export function printFailure(error: unknown, { trace }: { readonly trace: boolean }): void {
  console.error(describeFailure(error));
  if (trace && error instanceof Error) console.error(error.stack);
}

export function describeFailure(error: unknown): string {
  if (error instanceof BitloomError) {
    // What the user asked for is told, but it is no error.
    const problems = describeProblems(error.problems);
    return error.code === INTERRUPTED ? problems : `error: ${problems}`;
  }
  const message = error instanceof Error ? error.message : String(error);
  return `internal error: ${message}\n  this is a fault of bitloom; --trace shows where it was raised`;
}

function describeProblems(problems: readonly Problem[]): string {
  const rest = problems.length - LISTED;
  return [...problems.slice(0, LISTED).map(describeProblem), ...(rest > 0 ? [`and ${rest} more`] : [])].join('\n');
}
