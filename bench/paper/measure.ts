/** One method at one floor, by the command that users have. */
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { silent } from '../../src/kernel/observer.js';
import type { QuantizeOptions } from '../../src/options.js';
import { quantize } from '../../src/pipeline/quantize.js';
import { machine, versions } from '../../src/pipeline/result/origin.js';
import type { Report } from '../../src/report/schema.js';
import type { PaperStep } from './figures.js';
import type { Method } from './methods.js';

export interface Asked {
  readonly command: string;
  /** The model, its samples, and where results are kept. */
  readonly subject: Pick<
    QuantizeOptions,
    'model' | 'preprocess' | 'tokenizer' | 'data' | 'calibration' | 'selection' | 'holdout' | 'cache'
  >;
  readonly folder: string;
  readonly keep: string;
}

/** Pairs on which interactions are measured. */
const PAIRS = 500;

export async function measureMethod(asked: Asked, { name, options }: Method): Promise<PaperStep> {
  return stepOf(asked, name, { ...options, pairs: PAIRS });
}

/** One format everywhere, whatever it loses: a bound for every plan beside it. */
export async function measureBound(asked: Asked, uniform: 'w8a8' | 'w4a4'): Promise<PaperStep> {
  return stepOf(asked, `all ${uniform}`, { uniform });
}

async function stepOf(asked: Asked, method: string, options: Partial<QuantizeOptions>): Promise<PaperStep> {
  const { command, subject, folder, keep } = asked;
  const [load] = loadavg();
  const started = performance.now();
  const out = join(folder, 'out');
  const { report } = await quantize({ ...subject, ...options, keep, target: 'a100', out, overwrite: true }, silent);
  const { holdout, selection } = report.pairedLoss;
  return {
    ...{ command, date: new Date().toISOString(), seconds: (performance.now() - started) / 1000, load },
    ...{ machine: machine(), versions: versions(), keep, method, status: report.floor.status },
    samples: report.samples,
    ratio: options.uniform ? report.latency.ratio : ownRatio(report),
    formats: report.formats,
    loss: { selection: selection.value, holdout: holdout.value, low: holdout.low, high: holdout.high },
    evaluations: report.search.evaluations,
    samplesRun: report.search.samplesRun,
    candidates: report.candidates.map(({ name, holds, loss, divergence, ratio }) => ({
      ...{ name, holds, loss, divergence },
      ...(ratio !== undefined && { ratio }),
    })),
  };
}

/** Of what the search itself found: uniform plans and, for the frontier, the bisection beside it are left out. */
function ownRatio({ candidates, search }: Report): number {
  const others = search.method === 'frontier' ? /^(uniform|bisection)/ : /^uniform/;
  const own = candidates.filter(({ name, holds, ratio }) => holds && ratio !== undefined && !others.test(name));
  return Math.min(1, ...own.map(({ ratio = 1 }) => ratio));
}
