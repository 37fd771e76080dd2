import { describe, expect, it } from 'vitest';
import { network as smallModel } from '../../../test/cli/small-inputs.js';
import type { TableRow } from '../../latency/latency-table.js';
import { loadTarget } from '../../latency/load-target.js';
import type { Format } from '../../quantize/formats.js';
import { network } from '../../quantize/network.js';
import { additive } from '../../search/damage-model.js';
import { minimise } from '../../search/minimise.js';
import { estimateLatency } from './estimate-latency.js';

const model = smallModel();
const target = loadTarget('ort-cpu');
const LADDER: readonly Format[] = ['float', 'w8a8'];
const ladders = { first: LADDER, second: LADDER, head: LADDER };
const question = { net: network(model, target), model, target, ladders };

/** A row for one of the model's convolutions, from `channels` to 8. */
function row(channels: number, format: Format, milliseconds: number): TableRow {
  const shape = {
    op: 'Conv',
    first: [1, channels, 8, 8],
    second: [8, channels, 3, 3],
    output: [1, 8, 8, 8],
    weight: 'second',
    group: 1,
    strides: [],
    dilations: [],
  } as const;
  return { shape, format, milliseconds };
}

describe('estimateLatency', () => {
  it('leaves a unit in float that the user’s rows call slower in 8 bits, and names the shapes that have no row', async () => {
    const rows = [row(3, 'float', 9), row(3, 'w8a8', 1), row(8, 'float', 1), row(8, 'w8a8', 9)];
    const estimate = estimateLatency({ ...question, rows });
    const ladder = () => LADDER;
    const damage = additive<Format>(() => 0);
    const fastest = await minimise({ cost: estimate.model, damage, ladder, atMost: Number.POSITIVE_INFINITY });
    expect(fastest?.assignment.get('first')).toBe('w8a8');
    expect(fastest?.assignment.get('second')).toBe('float');
    expect(fastest?.cost).toBeLessThan(1);
    expect(estimate.notes.join('\n')).toMatch(/Gemm .*\(head\)/);
    expect(estimate.notes.join('\n')).not.toContain('(first)');
  });

  it('counts all latencies from the baseline’s and calls them estimated', () => {
    const npu = loadTarget('npu-int');
    const start = { first: ['w16a16'], second: ['w16a16'], head: ['w16a16'] } as const;
    const {
      model: costs,
      label,
      baselineMs,
      notes,
    } = estimateLatency({ ...question, net: network(model, npu), target: npu, ladders: start });
    const total = costs.items.reduce((sum, { costs: { w16a16 = 0 } }) => sum + w16a16, 0);
    const boundaries = costs.terms.reduce((sum, { cost }) => sum + cost, 0);
    expect(total + boundaries).toBeCloseTo(1, 12);
    expect(baselineMs).toBeGreaterThan(0);
    expect(label).toBe('estimated');
    expect(notes).toEqual(['latencies on npu-int are estimated: nothing ran there']);
  });
});
