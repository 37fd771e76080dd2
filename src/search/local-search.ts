import { bisection } from './bisection.js';
import { type Choices, compile, type Evaluator } from './evaluator.js';
import { greedy } from './greedy.js';
import { assign, itemsOf, type Problem, startAssignment } from './problem.js';
import { regionsOf } from './regions.js';
import type { Assignment, SearchSpace } from './space.js';

/** Costs that one search may ask for. A count rather than a time, so that the same problem has the same answer. */
const BUDGET = 60_000;
/** Starts that are improved: the cheapest. Others lead to the same places, seldom to better ones. */
const IMPROVED = 3;
/** Cheaper by less than this part of the cost is rounding. */
const GAIN = 1e-12;

/** Items by position -> position on their ladders. */
type Move = readonly (readonly [item: number, choice: number])[];

interface State {
  readonly choices: Choices;
  readonly cost: number;
}

/**
 * An assignment of low cost with damage <= atMost for any damage model, by moves of single items, regions and pairs from
 * several starts: those given, what greedy and bisection find, and every uniform assignment after repair. It is never
 * worse than any of these; of a bound it knows nothing.
 *
 * @returns Nothing when no start could be brought within the bound.
 */
export async function localSearch<F extends string>(
  problem: Problem<F>,
  atMost: number,
  given: readonly Assignment<F>[] = [],
): Promise<Assignment<F> | undefined> {
  const evaluator = compile(problem);
  const starts = [...given, ...(await orderedStarts(problem, atMost)), ...uniformStarts(problem, atMost)]
    .filter((assignment) => problem.damage.damage(assignment) <= atMost)
    .map((assignment) => stateOf(evaluator, evaluator.choicesOf(assignment)));
  const distinct = [...new Map(starts.map((start) => [start.choices.join(), start])).values()];
  const cheapest = distinct.sort((a, b) => a.cost - b.cost).slice(0, IMPROVED);
  const moves = movesOf(problem, evaluator);
  const improved = cheapest.map((start) => improve(evaluator, moves, atMost, start));
  const best = improved.sort((a, b) => a.cost - b.cost)[0];
  return best && evaluator.assignmentOf(best.choices);
}

function stateOf<F extends string>(evaluator: Evaluator<F>, choices: Choices): State {
  return { choices, cost: evaluator.cost(choices) };
}

/** What the searches by order reach when the damage itself is the judge. */
async function orderedStarts<F extends string>(problem: Problem<F>, atMost: number): Promise<readonly Assignment<F>[]> {
  const start = startAssignment(problem);
  const space: SearchSpace<F> = {
    items: itemsOf(problem),
    ladder: problem.ladder,
    score: (item, format) => problem.damage.change(start, item, format),
  };
  const holds = async (assignment: Assignment<F>) => problem.damage.damage(assignment) <= atMost;
  return [(await greedy(space, holds)).assignment, (await bisection(space, holds)).assignment];
}

/** Every item in the same format where its ladder has it, or at the ladder's end: repaired where that does too much damage. */
function uniformStarts<F extends string>(problem: Problem<F>, atMost: number): readonly Assignment<F>[] {
  const formats = new Set(itemsOf(problem).flatMap((item) => problem.ladder(item)));
  const uniform = [...formats].map((format) =>
    assign(problem, (item) => problem.ladder(item).find((one) => one === format) ?? problem.ladder(item)[0]),
  );
  const lowest = assign(problem, (item) => problem.ladder(item)[problem.ladder(item).length - 1]);
  return [...uniform, lowest].map((assignment) => repaired(problem, atMost, assignment));
}

/** Takes the most damaging change back, one item at a time, until the damage is within the bound or nothing lowers it. */
function repaired<F extends string>(problem: Problem<F>, atMost: number, from: Assignment<F>): Assignment<F> {
  const { damage, ladder } = problem;
  let assignment = from;
  while (damage.damage(assignment) > atMost) {
    const now = assignment;
    const steps = itemsOf(problem).flatMap((item) =>
      ladder(item).map((format) => ({ item, format, change: damage.change(now, item, format) })),
    );
    const best = steps.reduce((least, step) => (step.change < least.change ? step : least));
    if (!(best.change < 0)) return assignment;
    assignment = new Map(assignment).set(best.item, best.format);
  }
  return assignment;
}

function movesOf<F extends string>(problem: Problem<F>, { ladders }: Evaluator<F>): readonly Move[] {
  const singles = ladders.flatMap((ladder, item) => ladder.map((_, choice): Move => [[item, choice]]));
  const formats = [...new Set(ladders.flat())];
  const regions = regionsOf(problem.cost).flatMap((region) =>
    formats.map(
      (format): Move =>
        region.flatMap((item) =>
          ladders[item].includes(format) ? [[item, ladders[item].indexOf(format)] as const] : [],
        ),
    ),
  );
  const pairs = singles.flatMap((first, at) =>
    singles.slice(at + 1).flatMap((second) => (first[0][0] === second[0][0] ? [] : [[...first, ...second]])),
  );
  return [...singles, ...regions, ...pairs];
}

/** Takes every move that lowers the cost within the bound on damage, in their order, until none does or the budget is used. */
function improve<F extends string>(
  evaluator: Evaluator<F>,
  moves: readonly Move[],
  atMost: number,
  start: State,
): State {
  let state = start;
  let asked = 0;
  let idle = 0;
  for (let at = 0; idle < moves.length && asked < BUDGET / IMPROVED; at = (at + 1) % moves.length) {
    idle++;
    const choices = moved(state.choices, moves[at]);
    if (choices === undefined) continue;
    asked++;
    const cost = evaluator.cost(choices);
    if (!(cost < state.cost - GAIN * Math.abs(state.cost)) || evaluator.damage(choices) > atMost) continue;
    state = { choices, cost };
    idle = 0;
  }
  return state;
}

/** Nothing when some item of a move of up to two stays where it is, which a smaller move covers, or when all do. */
function moved(choices: Choices, move: Move): Choices | undefined {
  const staying = move.filter(([item, choice]) => choices[item] === choice).length;
  if (staying === move.length || (staying > 0 && move.length === 2)) return undefined;
  const next = [...choices];
  for (const [item, choice] of move) next[item] = choice;
  return next;
}
