import { intAttribute, tensorAttribute } from '../../graph/attributes.js';
import { scalarOf } from '../../kernel/tensor.js';
import { expand } from '../ops.js';
import { constantOf, type ReadRule, type ReadRules, shapeOf } from './rule.js';

const constantOfShape: ReadRule = (site) => {
  const value = tensorAttribute(site.node, 'value');
  const fill = site.b.scalar(value ? scalarOf(value) : 0, value?.dtype ?? 'float32');
  return [expand(site.b, fill, shapeOf(site))];
};

const eyeLike: ReadRule = (site) => {
  const [rows, columns] = shapeOf(site);
  const offset = intAttribute(site.node, 'k', 0);
  const ones = Array.from({ length: rows * columns }, (_, at) =>
    Number((at % columns) - Math.floor(at / columns) === offset),
  );
  return [constantOf(site.b, site.outputs[0]?.dtype ?? 'float32', [rows, columns], ones)];
};

/** Operators whose result depends on shapes only. */
export const MAKING: ReadRules = { ConstantOfShape: constantOfShape, EyeLike: eyeLike };
