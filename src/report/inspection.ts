import { bytes, ending, shortened, significant, table } from './format.js';

/** What stands in a model file. Plain data. */
export interface Inspection {
  readonly path: string;
  readonly irVersion: number;
  /** Domain -> version. */
  readonly opsets: Readonly<Record<string, number>>;
  /** `float32`, `float16`, `quantized` ... */
  readonly precision: string;
  readonly inputs: readonly TensorLine[];
  readonly outputs: readonly TensorLine[];
  /** Operator -> how many nodes, subgraphs included. */
  readonly operators: Readonly<Record<string, number>>;
  readonly nodes: number;
  readonly weights: { readonly bytes: number; readonly elements: number; readonly tensors: number };
  readonly units: readonly UnitLine[];
  /** Units of the same operator that cannot be one, with the reason. */
  readonly refused: readonly { readonly name: string; readonly op: string; readonly reason: string }[];
  /** Multiply-accumulates of one run on inputs of the shapes `at`; nodes whose shapes stay open are not in the sum. */
  readonly macs: { readonly total: number; readonly at: Readonly<Record<string, string>>; readonly uncounted: number };
}

export interface TensorLine {
  readonly name: string;
  readonly type: string;
}

export interface UnitLine {
  readonly name: string;
  readonly op: string;
  readonly parameters: number;
  /** Absent where a shape stays open. */
  readonly macs?: number;
}

const LISTED = 10;

/** An inspection for a terminal of 80 columns. */
export function printInspection(inspection: Inspection): string {
  const { units, refused, weights } = inspection;
  const opsets = Object.entries(inspection.opsets).map(([domain, version]) => `${domain || 'ai.onnx'} ${version}`);
  const facts = labelled([
    ['precision', inspection.precision],
    ['opset', `${opsets.join(', ')} (IR ${inspection.irVersion})`],
    ['weights', `${bytes(weights.bytes)}, ${count(weights.elements)} elements in ${weights.tensors} tensors`],
    ['MACs', describeMacs(inspection.macs)],
    ['units', `${units.length}${refused.length > 0 ? `, and ${refused.length} that cannot be quantized` : ''}`],
    ['nodes', `${inspection.nodes}`],
  ]);
  const blocks = [
    inspection.path,
    facts,
    tensorTable('inputs', inspection.inputs),
    tensorTable('outputs', inspection.outputs),
    `operators\n${wrapped(inspection.operators)}`,
    heaviest(units),
    reasons(refused),
  ];
  return `${blocks.filter(Boolean).join('\n\n')}\n`;
}

function labelled(facts: readonly (readonly [label: string, fact: string])[]): string {
  return facts.map(([label, fact]) => `  ${label.padEnd(9)}  ${fact}`).join('\n');
}

function describeMacs({ total, at, uncounted }: Inspection['macs']): string {
  const shapes = Object.entries(at).map(([name, shape]) => `${name} ${shape}`);
  const open = uncounted > 0 ? `, ${uncounted} nodes of open shape aside` : '';
  return shortened(`${count(total)} at ${shapes.join(', ')}${open}`, 66);
}

function tensorTable(title: string, lines: readonly TensorLine[]): string {
  return `${title}\n${table(lines.map(({ name, type }) => [shortened(name, 40), type]))}`;
}

function heaviest(units: readonly UnitLine[]): string {
  if (units.length === 0) return '';
  const sorted = units.toSorted((a, b) => (b.macs ?? 0) - (a.macs ?? 0)).slice(0, LISTED);
  const title = units.length > LISTED ? `heaviest units (${LISTED} of ${units.length}; all with --json)` : 'units';
  const rows = sorted.map(({ name, op, parameters, macs }) => [
    ending(name, 44),
    op,
    count(parameters),
    macs === undefined ? '?' : count(macs),
  ]);
  return `${title}\n${table([['unit', 'operator', 'weights', 'MACs'], ...rows])}`;
}

function reasons(refused: Inspection['refused']): string {
  if (refused.length === 0) return '';
  const shown = refused.slice(0, LISTED).map(({ name, reason }) => `  ${ending(name, 36)}: ${reason}`);
  const rest = refused.length > LISTED ? [`  and ${refused.length - LISTED} more (--json)`] : [];
  return ['cannot be quantized', ...shown, ...rest].join('\n');
}

/** `Conv 53, Relu 49, ...` in lines of 78 columns, the most frequent first. */
function wrapped(operators: Readonly<Record<string, number>>): string {
  const items = Object.entries(operators)
    .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
    .map(([op, nodes]) => `${op} ${nodes}`);
  const lines = [''];
  for (const item of items) {
    const last = lines[lines.length - 1];
    if (last.length + item.length + 5 > 80) lines.push(item);
    else lines[lines.length - 1] = last === '' ? item : `${last}, ${item}`;
  }
  return lines.map((line) => `  ${line}`).join(',\n');
}

const LARGE = ['', ' k', ' M', ' G', ' T'] as const;

/** `4.09 G`. */
function count(value: number): string {
  const power = Math.min(LARGE.length - 1, Math.floor(Math.log10(Math.max(1, value)) / 3));
  return power === 0 ? String(value) : `${significant(value / 1000 ** power)}${LARGE[power]}`;
}
