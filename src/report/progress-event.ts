import { z } from 'zod';

const time = z.iso
  .datetime()
  .describe('by the clock of the machine, which may be set; `seconds` are not touched by that');
const seconds = z.number().describe('since the stage began');
const stage = z.string();
const rate = z.number().describe('things a second over the last half minute, without those that were known before');
const best = z.string().describe('the best result so far');
const text = z.string();

/** One line that `--json-progress` writes to stderr. */
export const progressEventSchema = z.discriminatedUnion('event', [
  z.object({ time, event: z.literal('stage'), stage }).describe('a stage begins'),
  z
    .object({
      time,
      event: z.literal('progress'),
      stage,
      done: z.number(),
      total: z.number(),
      atMost: z.literal(true).exactOptional().describe('total and remainingSeconds are upper bounds'),
      recalled: z.number().exactOptional().describe('how many of `done` were known from an earlier run'),
      rate: rate.exactOptional(),
      remainingSeconds: z.number().exactOptional(),
      best: best.exactOptional(),
      note: text.exactOptional().describe('the latest result, or what is being done'),
      seconds,
    })
    .describe('at most four a second, and the last one of each stage always'),
  z
    .object({ time, event: z.literal('note'), stage: stage.exactOptional(), note: text })
    .describe('something the user should know'),
  z
    .object({ time, event: z.literal('trace'), stage: stage.exactOptional(), note: text })
    .describe('what a step did; with --trace'),
  z
    .object({
      time,
      event: z.literal('end'),
      stage,
      done: z.number().exactOptional(),
      total: z.number().exactOptional(),
      atMost: z.literal(true).exactOptional(),
      recalled: z.number().exactOptional(),
      rate: rate.exactOptional(),
      best: best.exactOptional(),
      note: text.exactOptional(),
      seconds,
    })
    .describe('a stage has ended; one that failed or was interrupted has no such line'),
]);

export type ProgressEvent = z.infer<typeof progressEventSchema>;
