import { createHash } from 'node:crypto';
import type { Sample } from './dataset.js';

/** Takes samples in the order of a set. */
export interface ContentHasher {
  add(sample: Sample): void;
  /** SHA-256, in hexadecimal, of all that were added. */
  digest(): string;
}

/**
 * Hashes what a model and a metric see of samples: tensors by name, and labels; not where they come from. The head of
 * each sample says how many bytes follow it, so no two sequences of samples are the same stream of bytes.
 */
export function contentHasher(): ContentHasher {
  const hash = createHash('sha256');
  return {
    add({ inputs, label }) {
      const tensors = Object.entries(inputs).sort(([a], [b]) => (a < b ? -1 : 1));
      const head = tensors.map(([name, { dtype, dims, bytes }]) => [name, dtype, dims, bytes.length]);
      hash.update(`${JSON.stringify([head, label])}\n`);
      for (const [, { bytes }] of tensors) hash.update(bytes);
    },
    digest: () => hash.digest('hex'),
  };
}
