import { describe, expect, it } from 'vitest';
import type { OutputKinds } from '../../data/metric.js';
import { buildModel, value } from '../../graph/build.js';
import type { Shape } from '../../kernel/shape.js';
import { metricFor } from './metric-for.js';

const LOGITS: OutputKinds = { logits: { kind: 'logits' } };

function situation(shape: Shape) {
  const model = buildModel(
    { inputs: [value('x', 'float32', shape)], outputs: [value('logits', 'float32', shape)] },
    (edit) => edit.add({ op: 'Relu', inputs: ['x'], outputs: ['logits'] }),
  );
  return { asked: undefined, agreement: false, labelled: true, kinds: LOGITS, model, padId: undefined };
}

describe('metricFor', () => {
  it('follows labels and shapes where nothing is asked', () => {
    expect(metricFor(situation(['N', 10])).name).toBe('top1');
    expect(metricFor({ ...situation(['N', 10]), labelled: false }).name).toBe('agreement');
    expect(metricFor(situation(['N', 'T', 10])).name).toBe('token-accuracy');
  });

  it('takes what is asked, and agreement where the floor speaks of it', () => {
    expect(metricFor({ ...situation(['N', 10]), asked: 'top-5' }).name).toBe('top5');
    expect(metricFor({ ...situation(['N', 'T', 10]), agreement: true }).name).toBe('token-agreement');
  });

  it('hands on which id pads', () => {
    expect(metricFor({ ...situation(['N', 'T', 10]), padId: 64 })).toEqual({ name: 'token-accuracy', padId: 64 });
  });
});
