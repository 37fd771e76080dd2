/**
 * Prints how long functions and files are, and fails when the distribution leaves the bounds. Named functions count
 * (declarations, methods, accessors, functions that a variable or property holds); a callback belongs to the
 * function it stands in. Tests are left out: their length is their cases.
 */
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import ts from 'typescript';

const FOLDERS = ['src', 'scripts', 'examples', 'bench'];

interface Measured {
  readonly name: string;
  readonly lines: number;
}

interface Bounds {
  readonly median: number;
  readonly p95: number;
}

const FUNCTION_BOUNDS: Bounds = { median: 10, p95: 40 };
const FILE_BOUNDS: Bounds = { median: 120, p95: 400 };
const LONGEST_SHOWN = 5;

/** The name by which a function is known, or nothing for a callback, an overload or what is no function. */
function nameOf(node: ts.Node): string | undefined {
  if (ts.isArrowFunction(node) || ts.isFunctionExpression(node)) return holderOf(node)?.name.getText();
  if (ts.isConstructorDeclaration(node)) return node.body && 'constructor';
  if (ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node) || ts.isAccessor(node))
    return node.body && node.name?.getText();
  return undefined;
}

function holderOf(node: ts.Node): ts.VariableDeclaration | ts.PropertyAssignment | undefined {
  const { parent } = node;
  return ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent) ? parent : undefined;
}

function functionsOf(source: ts.SourceFile): Measured[] {
  const lineAt = (position: number) => source.getLineAndCharacterOfPosition(position).line;
  const found: Measured[] = [];
  const visit = (node: ts.Node): void => {
    const name = nameOf(node);
    const first = lineAt(node.getStart());
    if (name) found.push({ name: `${source.fileName}:${first + 1} ${name}`, lines: lineAt(node.end) - first + 1 });
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function quantile(sorted: readonly Measured[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))].lines;
}

/** Prints one distribution and says whether it is inside its bounds. */
function judge(what: string, measured: readonly Measured[], bounds: Bounds): boolean {
  const sorted = measured.toSorted((a, b) => a.lines - b.lines);
  const median = quantile(sorted, 0.5);
  const p95 = quantile(sorted, 0.95);
  const longest = sorted.slice(-LONGEST_SHOWN).reverse();
  console.log(
    `${what}: ${sorted.length}, lines median ${median} (at most ${bounds.median}), p95 ${p95} (at most ${bounds.p95})`,
  );
  for (const { name, lines } of longest) console.log(`  ${String(lines).padStart(4)}  ${name}`);
  return median <= bounds.median && p95 <= bounds.p95;
}

const sources = FOLDERS.flatMap((folder) => ts.sys.readDirectory(folder, ['.ts'], ['**/*.test.ts'])).map((file) =>
  ts.createSourceFile(relative('', file), readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true),
);
const files = sources.map((source) => ({ name: source.fileName, lines: source.getLineStarts().length - 1 }));
const verdicts = [
  judge('functions', sources.flatMap(functionsOf), FUNCTION_BOUNDS),
  judge('files', files, FILE_BOUNDS),
];
if (verdicts.includes(false)) {
  console.error('sizes are out of bounds: split what is longest, or say in docs/adr/ why the bound should move');
  process.exitCode = 1;
}
