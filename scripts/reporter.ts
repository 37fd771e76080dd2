import type { Reporter, SerializedError, TestModule } from 'vitest/node';

/**
 * Ends the run with the one line that machines read: `N passed, N failed`. Module errors (a file that does not
 * import) and errors outside tests count as failures, for neither shows in any test.
 */
export class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const states = modules.flatMap((module) => [...module.children.allTests()].map((test) => test.result().state));
    const count = (state: string) => states.filter((each) => each === state).length;
    const broken = modules.flatMap((module) => module.errors()).length + unhandled.length;
    const skipped = count('skipped');
    const line = `${count('passed')} passed, ${count('failed') + broken} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
    // Other reporters print their summaries at the same event: only on exit is this surely the last line.
    process.once('exit', () => console.log(line));
  }
}
