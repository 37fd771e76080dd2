import type { Term, TermType } from '../program.js';
import type { ReadSite } from './rule.js';

/** What stands for an output that nothing reads; it is not written. */
const UNREAD: TermType = { dtype: 'bool', shape: [] };

/** Operators whose derivative is 0 wherever they have one. */
const STEPS: ReadonlySet<string> = new Set([
  'Floor',
  'Ceil',
  'Round',
  'Hardmax',
  'RandomNormalLike',
  'RandomUniformLike',
]);

/** The node as it is. */
export function carried({ b, node, outputs, optional }: Omit<ReadSite, 'inputs' | 'numbers'>): readonly Term[] {
  const inputs = node.inputs.map((_, position) => optional(position));
  const absent = inputs.flatMap((input, position) => (input ? [] : [position]));
  const flat = node.domain === '' && STEPS.has(node.op) ? { flat: true as const } : {};
  return b.all(
    'Opaque',
    inputs.filter((input) => input !== undefined),
    {
      op: node.op,
      domain: node.domain,
      attributes: node.attributes,
      absent,
      outputs: outputs.map((type) => (type ? { dtype: type.dtype, shape: type.shape } : UNREAD)),
      ...flat,
    },
  );
}
