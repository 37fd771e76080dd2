import { BitloomError, type Place } from '../kernel/errors.js';
import type { Dataset, Label, Sample } from './dataset.js';
import { hashOf } from './fingerprint.js';
import { type LabelRules, parseLabel } from './labels.js';
import { problemList } from './problem-list.js';
import type { RecordFile, RecordPlace, TextRecord } from './record-file.js';
import { nextTokens, type Sequence, type SequencePlan, sequenceInputs } from './sequence-plan.js';
import { contentOf, rawLabel, type TextContent } from './text-columns.js';
import type { TextTokenizer } from './tokenizer.js';

/** How records become samples. */
export interface TextReading {
  readonly records: RecordFile;
  readonly plan: SequencePlan;
  readonly rules: LabelRules;
  /** For records of text; records of token ids need none. */
  readonly tokenizer?: TextTokenizer;
  readonly maxLength: number;
  /** Label each position with the token that follows, where a record has no label. */
  readonly nextToken: boolean;
}

interface Entry {
  readonly place: RecordPlace;
  readonly label?: Label;
}

export async function openText(reading: TextReading): Promise<Dataset> {
  const { records, nextToken } = reading;
  const entries = await scan(reading);
  const given = labelled(records.file, entries);
  return {
    name: records.file,
    length: entries.length,
    labelled: given || nextToken,
    notes: given || !nextToken ? [] : ['each position is labelled with the token that follows'],
    label: (index) => entries[index].label,
    fingerprint: async (index) => {
      const record = await records.read(entries[index].place);
      return hashOf(JSON.stringify(contentOf(record.fields, {})));
    },
    read: async (index) => sampleOf(await records.read(entries[index].place), entries[index], index, reading, given),
  };
}

/** One pass over the file: where the records stand and their labels; what is wrong is reported together. */
async function scan({ records, rules, tokenizer }: TextReading): Promise<readonly Entry[]> {
  const problems = problemList();
  const entries: Entry[] = [];
  for await (const { fields, line, place } of records.scan()) {
    const where = placeOf(records.file, line, entries.length);
    try {
      if (contentOf(fields, where).kind === 'text' && !tokenizer) throw noTokenizer(records.file);
      entries.push({ place, ...labelIn(fields, rules, where) });
    } catch (error) {
      if (error instanceof BitloomError && error.code === 'tokenizer-missing') throw error;
      problems.caught(error);
      entries.push({ place });
    }
  }
  problems.throwIfAny();
  if (entries.length === 0) throw empty(records.file);
  return entries;
}

function placeOf(file: string, line: number | undefined, index: number): Place {
  return line === undefined ? { file, sample: String(index) } : { file, line };
}

function labelIn(fields: TextRecord['fields'], rules: LabelRules, place: Place): { readonly label?: Label } {
  const raw = rawLabel(fields);
  if (raw === undefined) return {};
  if (!Array.isArray(raw)) return { label: parseLabel(raw, rules, place) };
  return { label: raw.map((value: unknown) => (value === -100 ? -100 : parseLabel(value, rules, place))) };
}

/** All records have a label or none has. */
function labelled(file: string, entries: readonly Entry[]): boolean {
  const problems = problemList();
  const some = entries.some(({ label }) => label !== undefined);
  for (const [i, { label, place }] of entries.entries()) {
    if (!some || label !== undefined) continue;
    const where = placeOf(file, place.line, i);
    problems.add({ kind: 'data', code: 'label-missing', message: 'has no label, though others have', place: where });
  }
  problems.throwIfAny();
  return some;
}

function sampleOf(record: TextRecord, { label }: Entry, index: number, reading: TextReading, given: boolean): Sample {
  const { records, plan, nextToken } = reading;
  const id = record.line === undefined ? `${records.file}:${index}` : `${records.file}:${record.line}`;
  const sequence = sequenceFrom(contentOf(record.fields, { sample: id }), reading);
  const inputs = sequenceInputs(plan, sequence, id);
  if (!given && nextToken) return { id, inputs, label: nextTokens(plan, sequence, id) };
  return { id, inputs, ...(label === undefined ? {} : { label: alignedLabel(label, plan, sequence, id) }) };
}

/** Labels of positions are padded like the positions, with -100. */
function alignedLabel(label: Label, { fixedLength }: SequencePlan, { ids }: Sequence, sample: string): Label {
  if (typeof label === 'number') return label;
  if (label.length !== ids.length) {
    const message = `has ${label.length} labels for ${ids.length} tokens`;
    throw new BitloomError({ kind: 'data', code: 'labels-misaligned', message, place: { sample } });
  }
  const length = fixedLength ?? ids.length;
  return Array.from({ length }, (_, i) => (i < label.length ? label[i] : -100));
}

function sequenceFrom(content: TextContent, { tokenizer, maxLength, records }: TextReading): Sequence {
  if (content.kind === 'tokens') return content.sequence;
  if (!tokenizer) throw noTokenizer(records.file);
  return tokenizer.encode(content.text, content.pair, maxLength);
}

function noTokenizer(file: string): BitloomError {
  return new BitloomError({
    kind: 'data',
    code: 'tokenizer-missing',
    message: 'holds text, and no tokenizer was found',
    place: { file },
    hint: 'Looked for tokenizer.json and vocab.txt in the model folder and beside the data.',
  });
}

function empty(file: string): BitloomError {
  return new BitloomError({ kind: 'data', code: 'empty-data-set', message: 'there are no samples', place: { file } });
}
