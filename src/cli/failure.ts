import { BitloomError } from '../kernel/errors.js';

/** Says on stderr what went wrong: what a user can mend with its place and hint, anything else as the fault of the program. */
export function printFailure(error: unknown, { trace }: { readonly trace: boolean }): void {
  console.error(describeFailure(error));
  if (trace && error instanceof Error) console.error(error.stack);
}

export function describeFailure(error: unknown): string {
  if (error instanceof BitloomError) return `error: ${error.message}`;
  const message = error instanceof Error ? error.message : String(error);
  return `internal error: ${message}\n  this is a fault of bitloom; --trace shows where it was raised`;
}
