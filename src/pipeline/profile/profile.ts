import { join } from 'node:path';
import { requiredInputs } from '../../graph/constants.js';
import { BitloomError } from '../../kernel/errors.js';
import { type Observer, silent } from '../../kernel/observer.js';
import { loadTarget } from '../../latency/load-target.js';
import { latencyLabel, type Target } from '../../latency/target.js';
import { type OptionsOf, type SettingsOf, STAGES } from '../../options.js';
import { readOptions } from '../../read-options.js';
import type { LatencyProfile } from '../../report/profile.js';
import { allCores, processorName } from '../../runtime/cores.js';
import { feedsFor } from '../../runtime/feeds.js';
import type { Executor } from '../../runtime/job.js';
import { ortRuntime } from '../../runtime/ort.js';
import type { Results } from '../../store/results.js';
import { choicesFor } from '../choices.js';
import { withCache } from '../open/kept.js';
import { prepareSome } from '../open/open-data.js';
import { type OpenedModel, openModel } from '../open/open-model.js';
import { withExecutor, withFolder } from '../open/workplace.js';
import { openWorkbench } from '../trials/workbench.js';
import { type Control, interruptible, type Watch, watch } from '../watch.js';
import { type LatencyQuestion, laddersOf, type NamedFeeds, namedFeeds } from './latency-question.js';
import { madeUpRanges } from './made-up-ranges.js';
import { measureLatency } from './measure-latency.js';
import { measureUnits } from './measure-units.js';
import { summarise } from './summarise.js';
import { TIMED_SAMPLES, timedFeeds } from './timed-feeds.js';

export type ProfileOptions = OptionsOf<'profile'>;

/**
 * Measures where time goes in a model on this machine: every distinct unit alone and in place, boundaries, and how well
 * the latency of whole plans is predicted from that. What was measured before is looked up.
 */
export async function profile(
  options: ProfileOptions,
  observer: Observer = silent,
  control: Control = {},
): Promise<LatencyProfile> {
  const startedMs = performance.now();
  return withQuestion(options, observer, control, async (question, complaints) => {
    const { source, target, bench, threads, feeds } = question;
    const latency = await measureLatency(question);
    observer.stage('units');
    const units = await measureUnits(question);
    const recalled = latency.groups.recalled + units.recalled;
    const notes = [...notesOf(latency.prediction.costs.interpolated, units.open), ...complaints()];
    return {
      model: source.files.model,
      target: target.name,
      runtime: `${ortRuntime.name} ${ortRuntime.version}`,
      processor: processorName(),
      threads,
      inputs: feeds.source.kind === 'samples' ? 'samples' : 'made up',
      ...summarise({ net: bench.net, latency, units }),
      seconds: (performance.now() - startedMs) / 1000,
      measured: latency.groups.total + units.shapes.length - recalled,
      recalled,
      notes,
    };
  });
}

export interface ProfileQuestion extends LatencyQuestion {
  readonly source: OpenedModel;
}

/** Opens all that measuring a model's latency needs. */
export function withQuestion<T>(
  options: ProfileOptions,
  observer: Observer,
  { signal }: Control,
  work: (question: ProfileQuestion, complaints: () => readonly string[]) => Promise<T>,
): Promise<T> {
  const settings = readOptions(STAGES.profile, options);
  const target = measurable(settings.target);
  const watched = watch(observer, signal);
  const force = { workers: 1, threads: settings.threads ?? allCores(), signal };
  return interruptible(watched, signal, 'what was measured is kept: the same command goes on from there', () =>
    withFolder((folder) =>
      withCache(settings, ({ results, complaints }) =>
        withExecutor(force, (executor) =>
          ask({ settings, target, folder, results, executor, observer: watched, signal }, (question) =>
            work(question, complaints),
          ),
        ),
      ),
    ),
  );
}

/** Times can be measured only where ONNX Runtime runs here. */
function measurable(name: string): Target {
  const target = loadTarget(name);
  if (latencyLabel(target) === 'measured') return target;
  throw new BitloomError({
    kind: 'option',
    code: 'target-not-here',
    message: `latencies of ${name} are estimated: they cannot be measured on this machine`,
    place: { option: 'target' },
    hint: 'Profile for ort-cpu.',
  });
}

interface Scene {
  readonly settings: SettingsOf<'profile'>;
  readonly target: Target;
  readonly folder: string;
  readonly results: Results;
  readonly executor: Executor;
  readonly observer: Watch;
  readonly signal: AbortSignal | undefined;
}

async function ask<T>(scene: Scene, work: (question: ProfileQuestion) => Promise<T>): Promise<T> {
  const { settings, target, observer, executor } = scene;
  const { seed, seconds } = settings;
  observer.stage('model');
  const source = await openModel(settings.model, observer);
  const feeds = await askedFeeds(scene, source);
  const calibrated = { activations: madeUpRanges(source.model.graph) };
  const bench = await openWorkbench({ ...scene, source, calibrated });
  try {
    const constraints = { include: [], exclude: [], force: [], ...(settings.formats && { formats: settings.formats }) };
    const ladders = laddersOf(choicesFor(bench.net.units, target, constraints));
    const budget = seconds === undefined ? {} : { budgetMs: 1000 * seconds };
    observer.stage('profile');
    return await work({ ...scene, source, bench, ladders, threads: executor.threads, feeds, seed, ...budget });
  } finally {
    await bench.close();
  }
}

/** Samples where data is given; else what the types of the inputs allow. */
async function askedFeeds({ settings, folder, signal, observer }: Scene, source: OpenedModel): Promise<NamedFeeds> {
  const { data, seed, length } = settings;
  if (data === undefined) {
    const generated = { kind: 'generated', batch: 1, seed, ...(length !== undefined && { length }) } as const;
    return namedFeeds(generated, feedsFor(requiredInputs(source.model.graph), generated));
  }
  observer.stage('data');
  const request = { samples: TIMED_SAMPLES, ...settings, data };
  return timedFeeds(await prepareSome(request, source, join(folder, 'samples'), signal));
}

const NAMED = 3;

function notesOf(interpolated: readonly string[], open: readonly string[]): readonly string[] {
  const some = (names: readonly string[]) =>
    `${names.slice(0, NAMED).join(', ')}${names.length > NAMED ? ` and ${names.length - NAMED} more` : ''}`;
  return [
    ...(interpolated.length > 0 ? [`happened in no profile, costed by their kind: ${some(interpolated)}`] : []),
    ...(open.length > 0 ? [`not timed alone, their sizes depend on data: ${some(open)}`] : []),
  ];
}
