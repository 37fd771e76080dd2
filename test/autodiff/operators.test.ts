import { describe, expect, it } from 'vitest';
import { OPERATOR_CASES, titled } from '../support/operator-cases.js';
import { oneNode } from '../support/read-back.js';
import { broken, measureLaws } from './laws.js';
import { modelSubject } from './model-subject.js';

/** Uses that laws say nothing of; each must fail. */
const EXCLUDED: Readonly<Record<string, string>> = {
  'EyeLike([3,4]) {"k":1}': 'reads only the shape of its input',
  'ConstantOfShape([2])': 'has no float input',
  'Pad([2,3],[2],[],[1]) {}': 'puts in -infinity, of which there are no differences',
};

describe.each(Object.entries(OPERATOR_CASES))('the derivatives of %s', (_, cases) => {
  it.each(cases.map(titled))('$title', async ({ title, op, operands, attributes, outputs }) => {
    const { model, feeds } = oneNode(op, operands, attributes, outputs);
    const holds = modelSubject(model, feeds, 'float64').then(async (subject) => {
      expect(broken(await measureLaws(subject))).toEqual([]);
    });
    const reason = Object.entries(EXCLUDED).find(([name]) => title.startsWith(name))?.[1];
    if (reason === undefined) return holds;
    await expect(holds, `excluded (${reason}) but passes`).rejects.toThrow();
  });
});
