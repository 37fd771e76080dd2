import type { Metric } from '../../src/data/metric.js';

/** A share of right answers; rows tell right (1) from wrong (0). */
export const accuracy: Metric = {
  name: 'top1',
  higherIsBetter: true,
  kind: 'proportion',
  needsLabels: true,
  row: () => [0],
  value: (rows) => rows.reduce((total, [hit]) => total + hit, 0) / rows.length,
};
