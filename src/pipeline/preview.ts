import { join } from 'node:path';
import type { OutputKind } from '../data/metric.js';
import { printFloor } from '../evaluate/floor-text.js';
import { defaultRoles, type OutputRole } from '../evaluate/output-kinds.js';
import { smallestResolved } from '../evaluate/paired-loss.js';
import type { Observer } from '../kernel/observer.js';
import { loadTarget } from '../latency/load-target.js';
import type { QuantizeSettings } from '../options.js';
import { findUnits } from '../quantize/units.js';
import type { Preview } from '../report/preview.js';
import { metricFor } from './baseline/metric-for.js';
import { type Choice, choicesFor } from './choices.js';
import { dataOptions, openParts } from './open/open-data.js';
import { type OpenedModel, openModel } from './open/open-model.js';
import { mostEvaluations } from './trials/most-evaluations.js';

/** What `quantize` would do with these settings: model and data are opened and checked, nothing is run or written. */
export async function previewRun(settings: QuantizeSettings, observer: Observer): Promise<Preview> {
  const source = await openModel(settings.model, observer);
  const { parts, notes } = await openParts(settings, dataOptions(settings, source));
  const { calibration, selection, holdout } = parts;
  const labelled = selection.dataset.labelled && holdout.dataset.labelled;
  const choices = choicesFor(findUnits(source.model), loadTarget(settings.target), settings);
  const write = (name: string) => join(settings.out, name);
  return {
    model: source.files.model,
    precision: source.precision,
    opset: source.model.opsets.get('') ?? 0,
    metric: metricName(settings, source, labelled),
    floor: printFloor(settings.keep),
    decide: settings.decide,
    samples: {
      calibration: calibration.indices.length,
      selection: selection.indices.length,
      holdout: holdout.indices.length,
    },
    labelled,
    resolves: smallestResolved(selection.indices.length),
    choices: countChoices(choices),
    search: searchText(settings),
    evaluations: mostEvaluations(settings, choices),
    writes: [`${settings.name}.onnx`, 'plan.json', 'report.json'].map(write),
    notes: [...source.notes, ...notes],
  };
}

const KIND_OF_ROLE: { readonly [R in OutputRole]: OutputKind } = {
  scores: { kind: 'logits' },
  regression: { kind: 'regression', variance: 1 },
};

/** By names and shapes of the outputs; a run also looks at their values. */
function metricName({ metric, keep }: QuantizeSettings, { model, files }: OpenedModel, labelled: boolean): string {
  const roles = Object.entries(defaultRoles(model.graph.outputs));
  const kinds = Object.fromEntries(roles.map(([name, role]) => [name, KIND_OF_ROLE[role]]));
  const agreement = keep.kind === 'agreement';
  return metricFor({ asked: metric, agreement, labelled, kinds, model, padId: files.config?.padId }).name;
}

function countChoices(choices: readonly Choice[]): Preview['choices'] {
  const texts = choices.map(({ ladder, reason }) => (reason === '' ? ladder.join(' > ') : reason));
  return [...new Set(texts)].map((choice) => ({ choice, units: texts.filter((text) => text === choice).length }));
}

function searchText({ plan, uniform, search, ranker }: QuantizeSettings): string {
  if (plan !== undefined) return `none: ${plan} is applied`;
  return uniform === undefined ? `${search} by ${ranker}` : `none: uniform ${uniform}`;
}
