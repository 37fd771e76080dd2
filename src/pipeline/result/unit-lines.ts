import { loadTarget } from '../../latency/load-target.js';
import type { Format } from '../../quantize/formats.js';
import { reasonAgainst } from '../../quantize/rules.js';
import type { Report } from '../../report/schema.js';
import type { Choice } from '../choices.js';
import type { Run } from '../run.js';
import type { Selection } from '../select/selection.js';
import type { Picked } from '../timing/pick-fastest.js';

type Line = Report['units'][number];

/** Every unit with its format, the kernel that ran, and the reason. */
export function unitLines(run: Run, selection: Selection, picked: Picked): Line[] {
  const kernels = new Map(picked.trial.kernels.map((kernel) => [kernel.name, kernel]));
  return run.choices.map((choice) => {
    const { unit } = choice;
    const format = picked.trial.plan.units[unit.name];
    const kernel = kernels.get(unit.name);
    const sensitivity = sensitivityOf(selection, choice);
    return {
      name: unit.name,
      op: unit.op,
      format,
      kernel: kernel?.kernel ?? 'unknown',
      weightType: kernel?.weightType ?? 'unknown',
      ...(sensitivity !== undefined && { sensitivity }),
      reason: reasonFor(run, choice, format, selection, picked),
    };
  });
}

/** Names of candidates that a search found. */
const SEARCHED = /^(search|frontier|bisection)/;

/** Why a unit stays at the start of its ladder whatever the floor: the fastest plan of all has it there. */
export function reasonSpared(format: Format): string {
  return `${format} is faster here, with what it spares its neighbours`;
}

const FASTEST = 'part of the fastest plan, and holds the floor';

function reasonFor(run: Run, choice: Choice, format: Format, selection: Selection, picked: Picked): string {
  const { uniform } = run.settings;
  if (choice.fixed) return choice.reason;
  if (picked.name === 'plan') return 'as the plan given says';
  if (uniform !== undefined) return reasonInUniform(run, choice, format, uniform);
  if (choice.reason !== '') return choice.reason;
  if (picked.name === 'float') return picked.reason;
  if (selection.fastestFormats?.[choice.unit.name] === format && picked.name.startsWith('frontier')) {
    return format === choice.ladder[0] ? reasonSpared(format) : FASTEST;
  }
  if (!SEARCHED.test(picked.name)) return `${picked.name} holds the floor and was fastest`;
  return format === choice.ladder[0] ? 'quantizing it as well misses the floor' : 'holds the floor';
}

/** Units of one group share what one of them cannot take. */
function reasonInUniform({ settings, choices }: Run, { unit }: Choice, format: Format, uniform: Format): string {
  if (format === uniform) return `uniform ${uniform} was asked for`;
  const target = loadTarget(settings.target);
  const group = choices.filter((other) => other.unit.group === unit.group);
  const reasons = group.map((other) => reasonAgainst(other.unit, uniform, target) ?? other.reason);
  return reasons.find((reason) => reason !== '') ?? `cannot take ${uniform}`;
}

/** The score of the fastest format that was ranked; units of one group share their first unit's. */
function sensitivityOf({ sensitivities }: Selection, { unit, ladder }: Choice): number | undefined {
  const scores = sensitivities[unit.name] ?? sensitivities[unit.group];
  const format = ladder.at(-1);
  return scores && format ? scores[format] : undefined;
}
