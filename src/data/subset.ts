import type { Dataset } from './dataset.js';
import { hashOf } from './fingerprint.js';

/** The samples at `indices`, in that order, as a data set of its own. */
export function subset(dataset: Dataset, indices: readonly number[]): Dataset {
  const { label, fingerprint } = dataset;
  return {
    ...dataset,
    length: indices.length,
    hash: hashOf(dataset.hash, indices.join()),
    read: (index) => dataset.read(indices[index]),
    ...(label && { label: (index: number) => label(indices[index]) }),
    ...(fingerprint && { fingerprint: (index: number) => fingerprint(indices[index]) }),
  };
}
