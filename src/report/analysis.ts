import type { Format } from '../quantize/formats.js';
import type { RankerName } from '../sensitivity/rankers.js';
import { duration, ending, significant, table, wrapped } from './format.js';

/** A unit's sensitivity to one format, by one ranker. */
export interface Sensitivity {
  readonly ranker: RankerName;
  readonly format: Format;
  readonly score: number;
  /** Of what other samples and probes would give; absent where the ranker draws none. */
  readonly standardError?: number;
  /** Of the sum over all units in the format; absent where that is 0. */
  readonly share?: number;
}

export interface UnitSensitivity {
  readonly name: string;
  readonly op: string;
  /** Numbers in its weight; absent for a product of two activations. */
  readonly parameters?: number;
  readonly sensitivities: readonly Sensitivity[];
}

/** What a ranker took. What was known from before, or shared with a ranker before it, took nothing. */
export interface RankerCost {
  readonly ranker: RankerName;
  readonly seconds: number;
  /** Of the model, or of its derivative, over all of the samples. */
  readonly runs: number;
}

/** How alike two rankers order the units; absent where one of them tells no two units apart. */
export interface RankerAgreement {
  readonly rankers: readonly [RankerName, RankerName];
  readonly format: Format;
  readonly spearman?: number;
  readonly kendall?: number;
}

/** How much each format hurts each unit alone. */
export interface Analysis {
  readonly model: string;
  readonly target: string;
  /** On which sensitivities were measured. */
  readonly samples: number;
  readonly rankers: readonly RankerCost[];
  readonly formats: readonly Format[];
  /** Most sensitive first, by the first ranker's highest score. */
  readonly units: readonly UnitSensitivity[];
  readonly agreement: readonly RankerAgreement[];
  readonly seconds: number;
  readonly notes: readonly string[];
}

const LISTED = 15;
const COLUMNS = 80;
const NAME = 38;

/** An analysis for a terminal of 80 columns. */
export function printAnalysis(analysis: Analysis): string {
  const { rankers, formats } = analysis;
  const sections = [
    head(analysis),
    ...rankers.map((cost) => rankerSection(analysis, cost)),
    ...(rankers.length > 1 ? formats.map((format) => agreementSection(analysis, format)) : []),
    ...analysis.notes.map((note) => wrapped(`note: ${note}`, COLUMNS).join('\n')),
    duration(analysis.seconds),
  ];
  return `${sections.join('\n\n')}\n`;
}

function head({ model, target, samples, units }: Analysis): string {
  const counted = `${units.length} unit${units.length === 1 ? '' : 's'}`;
  return `${ending(model, COLUMNS)}\n${target}; ${counted}, each alone in a format, on ${samples} samples`;
}

const UNITS_OF_SCORES: { readonly [R in RankerName]: string } = {
  random: 'chance times 4^-bits',
  error: 'relative squared error of weight and activation',
  noise: 'nats of KL under noise in the weight',
  kl: 'nats of KL',
  hessian: 'tr(H)/n ||d||^2, twice the nats of KL expected',
  'hessian-trace': 'mean eigenvalue times 4^-bits',
  curvature: "d'Hd/2, nats of KL expected",
  fisher: 'sum of F_kk d_k^2',
  taylor: '|g.d|, nats of cross-entropy',
};

function rankerSection({ units, formats }: Analysis, { ranker, seconds, runs }: RankerCost): string {
  const rows = units
    .slice(0, LISTED)
    .flatMap(({ name, sensitivities }) =>
      formats.map((format, i) => [
        i === 0 ? ending(name, NAME) : '',
        format,
        ...cells(sensitivities.find((each) => each.ranker === ranker && each.format === format)),
      ]),
    );
  const more = units.length > LISTED ? `\n  and ${units.length - LISTED} less sensitive; all with --json` : '';
  const ran = runs === 0 ? 'nothing to run' : `${significant(runs)} runs over the samples`;
  const title = `${ranker}: ${UNITS_OF_SCORES[ranker]}; ${ran}, ${duration(seconds)}`;
  return `${title}\n${table([['unit', 'format', 'score', '+-', 'share'], ...rows])}${more}`;
}

/** Score, standard error as a share of it, and share of the total. */
function cells(found: Sensitivity | undefined): readonly string[] {
  if (!found) return ['-', '', ''];
  const { score, standardError, share } = found;
  return [
    figure(score),
    standardError === undefined || score === 0 ? '' : percent(standardError / Math.abs(score)),
    share === undefined ? '' : percent(share),
  ];
}

/** Three digits, for scores that span many powers of ten. */
function figure(value: number): string {
  return value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e5)
    ? value.toExponential(2)
    : significant(value);
}

function percent(share: number): string {
  return share >= 0.995 || share === 0 ? `${(100 * share).toFixed(0)} %` : `${(100 * share).toPrecision(2)} %`;
}

function agreementSection({ rankers, agreement }: Analysis, format: Format): string {
  const names = rankers.map(({ ranker }) => ranker);
  const between = (a: RankerName, b: RankerName) =>
    agreement.find((each) => each.format === format && each.rankers[0] === b && each.rankers[1] === a)?.spearman;
  const rows = names
    .slice(1)
    .map((a, i) => [a, ...names.slice(0, -1).map((b, j) => (j <= i ? (between(a, b)?.toFixed(2) ?? '-') : ''))]);
  return `Spearman's rank correlation of rankers in ${format}\n${table([['', ...names.slice(0, -1)], ...rows])}`;
}
