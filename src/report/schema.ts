import { z } from 'zod';

/** Raised when a field changes its meaning or goes; new fields may come without. */
export const REPORT_VERSION = 1;

const interval = { low: z.number(), high: z.number() };

const estimate = z
  .object({ value: z.number(), ...interval, samples: z.int() })
  .describe('a figure with its two-sided 95 % interval and the samples it comes from');

const parts = z.object({ calibration: estimate.exactOptional(), selection: estimate, holdout: estimate });

const pairedLoss = estimate
  .extend({ upper: z.number().exactOptional().describe('one-sided 95 % upper bound: what certify decides by') })
  .describe('loss against float on the same samples, positive when worse, in the metric’s unit');

const sizes = z.object({ floatBytes: z.int(), resultBytes: z.int() });

const latency = z
  .object({
    floatMs: z.number(),
    resultMs: z.number(),
    ratio: z.number().describe('median over rounds of result / float, timed interleaved'),
    ...interval,
    rounds: z.int(),
    batch: z.int().exactOptional(),
    threads: z.int().exactOptional().describe('left out, as batch is, where the user’s own module measured'),
    provider: z
      .string()
      .describe('execution provider of ONNX Runtime, the module that measured, or the target estimated'),
    estimated: z.literal(true).exactOptional().describe('nothing ran: times follow from the target’s rates'),
    noisy: z.boolean(),
    spread: z.number().exactOptional().describe('interquartile range of float’s times over their median'),
  })
  .describe('milliseconds a run');

const unit = z.object({
  name: z.string(),
  op: z.string(),
  format: z.string(),
  kernel: z.string().describe('operator that ONNX Runtime executed for it'),
  weightType: z.string().exactOptional(),
  sensitivity: z
    .number()
    .exactOptional()
    .describe('score of the ranker for the format below float that it was tried in'),
  reason: z.string().describe('why it has this format'),
});

const candidate = z.object({
  name: z.string().describe('float, uniform FORMAT, or search'),
  holds: z.boolean(),
  loss: z.number(),
  divergence: z.number(),
  medianMs: z.number().exactOptional(),
  ratio: z.number().exactOptional().describe('to float, timed interleaved'),
});

/** `report.json`: all that a run found out, for machines. */
export const reportSchema = z.object({
  version: z.literal(REPORT_VERSION),
  model: z.object({ path: z.string(), hash: z.string(), precision: z.string() }),
  output: z.object({ folder: z.string(), model: z.string() }),
  metric: z.object({
    name: z.string(),
    higherIsBetter: z.boolean(),
    share: z.boolean().describe('whether values are shares of 1'),
  }),
  floor: z.object({
    asked: z.string(),
    decide: z.enum(['estimate', 'certify']),
    judged: z.enum(['metric', 'kl']).describe('what the floor bounds: loss of the metric, or mean KL in nats'),
    allowed: z.number().describe('largest loss allowed, in the unit of what is judged'),
    resolves: z.number().describe('smallest loss that the selection samples can rule out at 95 %'),
    predicted: z.number().exactOptional().describe('loss that the mean divergence predicts'),
    status: z.enum(['held', 'not-held', 'not-resolved']),
  }),
  samples: z.object({ calibration: z.int(), selection: z.int(), holdout: z.int() }),
  float: parts,
  result: parts,
  pairedLoss: z.object({ selection: pairedLoss, holdout: pairedLoss }),
  divergence: z.object({ selection: z.number(), holdout: z.number() }).describe('mean KL(float || result), nats'),
  latency,
  size: sizes,
  formats: z.record(z.string(), z.int()).describe('units per format'),
  units: z.array(unit),
  candidates: z.array(candidate),
  search: z.object({
    ranker: z.string(),
    method: z.string(),
    calibration: z.string(),
    chosen: z.string().describe('the candidate that was returned'),
    reason: z.string(),
    evaluations: z.int(),
    samplesRun: z.int().describe('selection samples judged'),
    samplesRecalled: z.int().exactOptional().describe('samples, of all parts, whose answers were known from before'),
    wallSeconds: z.number(),
  }),
  prediction: z
    .object({
      ratio: z.number().describe('predicted latency of the result over float’s'),
      median: z.number().describe('of |predicted / measured - 1| over plans that the prediction was not fitted to'),
      p95: z.number(),
      ordered: z.number().describe('share of pairs of plans more than 5 % apart that it puts in the right order'),
      plans: z.int(),
    })
    .exactOptional(),
  peakMemoryBytes: z.int(),
  seed: z.int(),
  versions: z.record(z.string(), z.string()),
  machine: z.object({ cpu: z.string(), cores: z.int(), memoryBytes: z.int(), platform: z.string() }),
  warnings: z.array(z.string()),
});

export type Report = z.infer<typeof reportSchema>;
