import { printFloor } from '../../evaluate/floor-text.js';
import { estimateMetric } from '../../evaluate/intervals.js';
import type { Outcomes } from '../../evaluate/outcomes.js';
import { pairedLoss } from '../../evaluate/paired-loss.js';
import { encodedLength } from '../../graph/to-onnx.js';
import { mean } from '../../kernel/statistics.js';
import { FORMAT_NAMES, type Format } from '../../quantize/formats.js';
import { REPORT_VERSION, type Report } from '../../report/schema.js';
import { isShare } from '../baseline/metric-for.js';
import type { Run } from '../run.js';
import { predictedRatio } from '../select/plan-latency.js';
import type { Candidate, Selection } from '../select/selection.js';
import { type Picked, ratioOf } from '../timing/pick-fastest.js';
import { batchOf } from '../trials/workbench.js';
import { machine, versions } from './origin.js';
import { unitLines } from './unit-lines.js';

/** Runs the picked plan on the holdout samples, which decided nothing, and gathers all that is known of the run. */
export async function makeReport(run: Run, selection: Selection, picked: Picked): Promise<Report> {
  const { settings, source, float, sets } = run;
  const { metric } = float;
  const holdout = await holdoutOutcomes(run, picked);
  const result = { selection: picked.trial.outcomes, holdout };
  const estimates = (outcomes: Readonly<Record<'selection' | 'holdout', Outcomes>>) => ({
    selection: estimateMetric(metric, outcomes.selection.rows),
    holdout: estimateMetric(metric, outcomes.holdout.rows),
  });
  const loss = (part: 'selection' | 'holdout') => pairedLoss(metric, float.outcomes[part].rows, result[part].rows);
  return {
    version: REPORT_VERSION,
    model: { path: source.files.model, hash: source.hash, precision: source.precision },
    output: { folder: settings.out, model: `${settings.name}.onnx` },
    metric: { name: metric.name, higherIsBetter: metric.higherIsBetter, share: isShare(metric) },
    floor: floorOf(run, picked),
    samples: { calibration: sets.calibration.length, selection: sets.selection.length, holdout: sets.holdout.length },
    float: estimates(float.outcomes),
    result: estimates(result),
    pairedLoss: { selection: loss('selection'), holdout: loss('holdout') },
    divergence: { selection: mean(result.selection.divergence), holdout: mean(holdout.divergence) },
    latency: latencyOf(picked),
    size: { floatBytes: source.bytes, resultBytes: encodedLength(picked.trial.model) },
    formats: countFormats(Object.values(picked.trial.plan.units)),
    units: unitLines(run, selection, picked),
    candidates: candidatesOf(selection, picked),
    search: searchOf(run, selection, picked),
    ...predictionOf(run, selection, picked),
    peakMemoryBytes: run.executor.peakBytes() + 1024 * process.resourceUsage().maxRSS,
    seed: settings.seed,
    versions: versions(),
    machine: machine(),
    warnings: warningsOf(run, selection, picked),
  };
}

async function holdoutOutcomes({ evaluations, float, observer }: Run, { trial }: Picked): Promise<Outcomes> {
  return evaluations.model(float.references.holdout, float.spec, trial, {
    ...batchOf(trial.plan.units),
    onProgress: (done, total) => observer.progress({ stage: 'holdout', done, total }),
  });
}

function floorOf(run: Run, picked: Picked): Report['floor'] {
  const { settings, float } = run;
  const { trial } = picked;
  const { allowed } = float.judge;
  const { holds } = trial.verdict;
  const resolves = resolvedLoss(run, picked);
  return {
    asked: printFloor(settings.keep),
    decide: settings.decide,
    judged: settings.keep.kind === 'kl' ? 'kl' : 'metric',
    allowed,
    resolves,
    ...(trial.verdict.predicted !== undefined && { predicted: trial.verdict.predicted }),
    status: holds ? (resolves <= allowed ? 'held' : 'not-resolved') : 'not-held',
  };
}

/**
 * The smallest loss that the samples resolve: by their number for proportions; where answers come in sequences that hang
 * together, or make one figure of the whole set, also as far as the loss's own one-sided interval reaches.
 */
function resolvedLoss({ settings, float }: Run, { trial }: Picked): number {
  const { resolves } = float.judge;
  if (float.metric.kind === 'proportion' || settings.keep.kind === 'kl') return resolves;
  const { upper, value } = trial.verdict.loss;
  return Math.max(resolves, upper - value);
}

function latencyOf(picked: Picked): Report['latency'] {
  const { models, ratios, rounds, batch, threads, provider, estimated, noisy, spread } = picked.latency;
  const floatMs = models[0].medianMs;
  const own = ratios.find(({ path }) => path === picked.trial.hash);
  const shown = own ?? { ratio: 1, low: 1, high: 1 };
  const resultMs = models.find(({ path }) => path === picked.trial.hash)?.medianMs ?? floatMs;
  return {
    floatMs,
    resultMs,
    ratio: shown.ratio,
    low: shown.low,
    high: shown.high,
    rounds,
    ...(batch !== undefined && { batch }),
    ...(threads !== undefined && { threads }),
    provider,
    ...(estimated && { estimated }),
    noisy,
    spread,
  };
}

function countFormats(formats: readonly Format[]): Report['formats'] {
  const counts = FORMAT_NAMES.map((format) => [format, formats.filter((other) => other === format).length] as const);
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}

function candidatesOf({ candidates }: Selection, picked: Picked): Report['candidates'] {
  const msOf = (candidate: Candidate) =>
    picked.latency.models.find(({ path }) => path === candidate.trial.hash)?.medianMs;
  return candidates.map((candidate) => {
    const { verdict, divergence } = candidate.trial;
    const medianMs = msOf(candidate);
    return {
      name: candidate.name,
      holds: verdict.holds,
      loss: verdict.loss.value,
      divergence,
      ...(medianMs !== undefined && { medianMs, ratio: ratioOf(picked.latency, candidate) }),
    };
  });
}

function searchOf(run: Run, selection: Selection, picked: Picked): Report['search'] {
  const { settings, calibrated, trials, startedMs } = run;
  const searched = Object.keys(selection.sensitivities).length > 0;
  return {
    ranker: searched ? settings.ranker : 'none',
    method: searched ? settings.search : 'none',
    calibration: calibrated.method,
    chosen: picked.name,
    reason: picked.reason,
    evaluations: trials.evaluations,
    samplesRun: trials.samplesRun,
    samplesRecalled: run.evaluations.recalled,
    wallSeconds: (performance.now() - startedMs) / 1000,
  };
}

/** How far the prediction that led the search may be off. */
function predictionOf(run: Run, { latency }: Selection, { trial }: Picked): Pick<Report, 'prediction'> {
  if (!latency?.heldOut) return {};
  const { median, p95, ordered, plans } = latency.heldOut;
  return { prediction: { ratio: predictedRatio(latency, run, trial.plan.units), median, p95, ordered, plans } };
}

function warningsOf(run: Run, selection: Selection, picked: Picked): Report['warnings'] {
  const { notes, float, settings } = run;
  const { latency, trial } = picked;
  const { verdict } = trial;
  const { allowed } = float.judge;
  const resolves = resolvedLoss(run, picked);
  return [
    ...notes,
    ...run.complaints(),
    ...(selection.latency?.notes ?? []),
    ...(verdict.holds ? [] : [`no plan tried holds the floor; this one loses least`]),
    ...(resolves > allowed ? [`the floor is finer than ${float.outcomes.selection.rows.length} samples resolve`] : []),
    ...(settings.decide === 'estimate' && settings.keep.kind !== 'kl' && verdict.predicted === undefined
      ? ['no harsher plan lost clearly, so the loss was judged by net flips alone']
      : []),
    ...(latency.noisy ? [restless(latency)] : []),
  ];
}

function restless({ spread }: Picked['latency']): string {
  const share = `${(100 * spread).toFixed(0)} %`;
  return `the machine was restless: half of float's times spread over ${share} of their median, so latencies may be off by more than their intervals say`;
}
