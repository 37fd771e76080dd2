import { SHAPE_RULES } from '../graph/shape-rules/table.js';
import { nearest } from '../kernel/did-you-mean.js';
import { BitloomError, type Place, type Problem, throwAll } from '../kernel/errors.js';
import type { Format } from '../quantize/formats.js';
import type { UnitOp } from '../quantize/unit.js';
import { UNIT_OPS } from './row-schema.js';
import { checkedBy, fileProblem } from './schema-problems.js';
import { type TargetFile, targetSchema } from './target-schema.js';

const CODE = 'bad-target';

/** What a target's JSON says, or an error with all that is wrong with it. */
export function checkTarget(value: unknown, place: Place): TargetFile {
  const checked = checkedBy({ schema: targetSchema, code: CODE, place }, value);
  if ('problems' in checked) throw new BitloomError(checked.problems);
  throwAll(contradictions(checked.data, place));
  return checked.data;
}

type Complain = (path: readonly PropertyKey[], message: string, hint?: string) => Problem;

/** What single fields cannot show. */
function contradictions(file: TargetFile, place: Place): readonly Problem[] {
  const complain: Complain = (path, message, hint) => ({
    ...fileProblem(CODE, place, path, message),
    ...(hint !== undefined && { hint }),
  });
  return [
    ...UNIT_OPS.flatMap((op) => operatorProblems(file, op, complain)),
    ...ladderProblems(file, ['products'], file.products, runnable(file.operators.MatMul), complain),
    ...followerProblems(file, complain),
  ];
}

function operatorProblems(file: TargetFile, op: UnitOp, complain: Complain): readonly Problem[] {
  const operator = file.operators[op];
  const named = operator.rules.flatMap(({ formats }, i) =>
    formats.map((format, j) => ({ format, path: [i, 'formats', j] })),
  );
  const twice = named.filter(({ format }, i) => named.findIndex((other) => other.format === format) < i);
  return [
    ...twice.map(({ format, path }) =>
      complain(['operators', op, 'rules', ...path], `${format} has a rule of this operator already`),
    ),
    ...ladderProblems(file, ['operators', op, 'ladder'], operator.ladder, runnable(operator), complain),
  ];
}

/** Formats that an operator has a kernel for. */
function runnable({ rules }: TargetFile['operators'][UnitOp]): ReadonlySet<Format> {
  return new Set(rules.filter(({ emulated }) => !emulated).flatMap(({ formats }) => formats));
}

function ladderProblems(
  { baseline, costs }: TargetFile,
  path: readonly PropertyKey[],
  ladder: readonly Format[],
  kernels: ReadonlySet<Format>,
  complain: Complain,
): readonly Problem[] {
  return ladder.flatMap((format, i) => {
    const wrong = [
      i === 0 && format !== baseline && `a ladder begins with the baseline, ${baseline}`,
      !kernels.has(format) && `no rule of the operator gives ${format} a kernel of its own`,
      ladder.indexOf(format) < i && `${format} stands twice`,
      costs.source === 'roofline' && costs.rates[format] === undefined && `costs.rates has no rate of ${format}`,
    ];
    return wrong.flatMap((message) => (message === false ? [] : [complain([...path, i], message)]));
  });
}

function followerProblems({ followers }: TargetFile, complain: Complain): readonly Problem[] {
  const known = Object.keys(SHAPE_RULES);
  return Object.entries(followers).flatMap(([op, { scale, kernel }]) => {
    if (!known.includes(op)) {
      const near = nearest(op, known);
      return [complain(['followers', op], 'is no operator that bitloom knows', near && `Did you mean ${near}?`)];
    }
    return scale !== 'fused' && kernel === ''
      ? [complain(['followers', op, 'kernel'], 'names the operator that executes it')]
      : [];
  });
}
