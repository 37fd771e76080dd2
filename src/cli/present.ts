/** How the terminal shows what a command found. */
export interface Presentation<Result> {
  /** For people: at most 80 columns. */
  print(result: Result): string;
  /** For machines, with `--json`; the result itself when left out. */
  data?(result: Result): unknown;
  /** Exit status; 0 when left out. */
  status?(result: Result): number;
}

export function present<Result>(how: Presentation<Result>, result: Result, json: boolean): void {
  const data = how.data ? how.data(result) : result;
  process.stdout.write(json ? `${JSON.stringify(data, null, 2)}\n` : how.print(result));
  process.exitCode = how.status?.(result) ?? 0;
}
