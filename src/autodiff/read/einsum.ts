import { stringAttribute } from '../../graph/attributes.js';
import { sizeOf } from '../../kernel/shape.js';
import type { Builder } from '../builder.js';
import { expand, matmul, permute, reshape, sum } from '../ops.js';
import type { Term } from '../program.js';
import type { ReadRule } from './rule.js';

/** A term with a letter for each of its axes. */
interface Lettered {
  readonly term: Term;
  readonly letters: readonly string[];
}

/**
 * Products and sums over letters that do not come out, two operands at a time. An operand that has a letter twice (a
 * diagonal) has no reading.
 */
export const einsum: ReadRule = ({ b, node, inputs }) => {
  const [left, right] = stringAttribute(node, 'equation', '').replaceAll(' ', '').split('->');
  const operands = left.split(',').map((text, i) => ({ term: inputs[i], letters: lettersOf(text, inputs[i]) }));
  if (operands.some(({ letters }) => new Set(letters).size < letters.length)) return undefined;
  const out = right === undefined ? implied(operands) : withDots(right, Math.max(...operands.map(dotsOf)));
  const [first, ...rest] = operands;
  const result = rest.reduce((product, operand, i) => {
    const later = new Set([...out, ...rest.slice(i + 1).flatMap(({ letters }) => letters)]);
    return contracted(b, product, operand, later);
  }, first);
  const summed = kept(b, result, new Set(out));
  return [
    permute(
      b,
      summed.term,
      out.map((letter) => summed.letters.indexOf(letter)),
    ),
  ];
};

/** Dots stand for the axes that letters leave, numbered from the last: they broadcast as ONNX's shapes do. */
function lettersOf(text: string, { shape }: Term): readonly string[] {
  return withDots(text, shape.length - text.replace('...', '').length);
}

function withDots(text: string, dots: number): readonly string[] {
  const at = text.indexOf('...');
  if (at < 0) return [...text];
  const between = Array.from({ length: dots }, (_, i) => `.${dots - i}`);
  return [...text.slice(0, at), ...between, ...text.slice(at + 3)];
}

function dotsOf({ letters }: Lettered): number {
  return letters.filter((letter) => letter.startsWith('.')).length;
}

/** Dots, then letters that stand once, in alphabetical order (numpy's rule). */
function implied(operands: readonly Lettered[]): readonly string[] {
  const all = operands.flatMap(({ letters }) => letters.filter((letter) => !letter.startsWith('.')));
  const once = all.filter((letter) => all.indexOf(letter) === all.lastIndexOf(letter)).sort();
  return [...withDots('...', Math.max(...operands.map(dotsOf))), ...once];
}

/** Sums over the letters that are asked for no more. */
function kept(b: Builder, { term, letters }: Lettered, asked: ReadonlySet<string>): Lettered {
  const gone = letters.flatMap((letter, axis) => (asked.has(letter) ? [] : [axis]));
  if (gone.length === 0) return { term, letters };
  const shape = term.shape.filter((_, axis) => !gone.includes(axis));
  return { term: reshape(b, sum(b, term, gone), shape), letters: letters.filter((letter) => asked.has(letter)) };
}

/** One batched matrix product: letters of both that are asked for later are its batch, the others are summed over. */
function contracted(b: Builder, left: Lettered, right: Lettered, later: ReadonlySet<string>): Lettered {
  const p = kept(b, left, new Set([...later, ...right.letters]));
  const q = kept(b, right, new Set([...later, ...left.letters]));
  const both = p.letters.filter((letter) => q.letters.includes(letter));
  const batch = both.filter((letter) => later.has(letter));
  const inner = both.filter((letter) => !later.has(letter));
  const rows = p.letters.filter((letter) => !both.includes(letter));
  const columns = q.letters.filter((letter) => !both.includes(letter));
  const sizes = (letters: readonly string[]) => letters.map((letter) => Math.max(sizeIn(p, letter), sizeIn(q, letter)));
  const shape = [sizes(batch), [sizeOf(sizes(rows)), sizeOf(sizes(inner))], [sizeOf(sizes(columns))]] as const;
  const a = matrix(b, p, [batch, rows, inner], sizes, [...shape[0], ...shape[1]]);
  const c = matrix(b, q, [batch, inner, columns], sizes, [...shape[0], shape[1][1], ...shape[2]]);
  const letters = [...batch, ...rows, ...columns];
  return { term: reshape(b, matmul(b, a, c), sizes(letters)), letters };
}

function matrix(
  b: Builder,
  { term, letters }: Lettered,
  parts: readonly (readonly string[])[],
  sizes: (letters: readonly string[]) => readonly number[],
  shape: readonly number[],
): Term {
  const order = parts.flat();
  const arranged = permute(
    b,
    term,
    order.map((letter) => letters.indexOf(letter)),
  );
  return reshape(b, expand(b, arranged, sizes(order)), shape);
}

function sizeIn({ term, letters }: Lettered, letter: string): number {
  const axis = letters.indexOf(letter);
  return axis < 0 ? 1 : term.shape[axis];
}
