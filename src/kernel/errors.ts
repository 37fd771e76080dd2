/**
 * What kind of thing was wrong: a command-line or API option, the model, the data, the runtime, or a file.
 * `internal` is ours: a pass that broke the graph, a plan that did not run as written.
 */
export type ErrorKind = 'option' | 'model' | 'data' | 'runtime' | 'io' | 'internal';

/** Where it was wrong. Every field that is known is given. */
export interface Place {
  readonly file?: string;
  readonly line?: number;
  readonly node?: string;
  readonly op?: string;
  readonly tensor?: string;
  readonly sample?: string;
  readonly option?: string;
}

/** One thing that is wrong: what, where, and what to do about it. */
export interface Problem {
  readonly kind: ErrorKind;
  /** A stable name to test for, such as `not-onnx` or `label-out-of-range`. */
  readonly code: string;
  readonly message: string;
  readonly place?: Place;
  readonly hint?: string;
}

/** Every error that a user can cause. Carries all problems found, not just the first. */
export class BitloomError extends Error {
  override readonly name = 'BitloomError';
  readonly problems: readonly Problem[];

  constructor(problems: Problem | readonly Problem[], options?: { readonly cause?: unknown }) {
    const all = Array.isArray(problems) ? problems : [problems];
    super(all.map(describeProblem).join('\n'), options);
    this.problems = all;
  }

  get code(): string {
    return this.problems[0]?.code ?? 'unknown';
  }
}

/** Throws one error with all `problems`, if there are any. */
export function throwAll(problems: readonly Problem[]): void {
  if (problems.length > 0) throw new BitloomError(problems);
}

export function describeProblem(problem: Problem): string {
  const where = describePlace(problem.place);
  const hint = problem.hint ? `\n  ${problem.hint}` : '';
  return `${where ? `${where}: ` : ''}${problem.message}${hint}`;
}

function describePlace(place: Place = {}): string {
  const file = place.file && (place.line === undefined ? place.file : `${place.file}:${place.line}`);
  const node = place.node !== undefined && `node ${place.node}${place.op ? ` (${place.op})` : ''}`;
  return [
    place.option && `--${place.option}`,
    file,
    node || (place.op && `operator ${place.op}`),
    place.tensor && `tensor ${place.tensor}`,
    place.sample && `sample ${place.sample}`,
  ]
    .filter(Boolean)
    .join(', ');
}
