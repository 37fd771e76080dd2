import type { DataOptions } from './data-options.js';
import { contentOf, rawLabel } from './text-columns.js';
import type { TextReading } from './text-dataset.js';

/** Records looked at before a model is taken for one that predicts the next token. */
const LOOKED_AT = 16;

/** Architectures that score tokens at each position without predicting the next one. */
const OTHER_HEADS = /MaskedLM|TokenClassification|QuestionAnswering|ForPreTraining/;

/**
 * Whether unlabelled sequences are to be predicted: the model gives one score per token of its vocabulary at each position
 * (`[batch, sequence, vocabulary]`), takes no segment ids as masked encoders do, and the ids fit that vocabulary.
 */
export async function infersNextToken(
  reading: Omit<TextReading, 'nextToken'>,
  { outputs, model }: DataOptions,
): Promise<boolean> {
  const type = outputs?.[0]?.type;
  const scores = type?.kind === 'tensor' && type.shape?.length === 3 ? type.shape[2] : undefined;
  const segments = [...reading.plan.roles.values()].includes('types');
  const otherHead = model?.config?.architectures?.some((name) => OTHER_HEADS.test(name)) ?? false;
  if (typeof scores !== 'number' || segments || otherHead) return false;
  return fitsVocabulary(reading, scores);
}

async function fitsVocabulary({ records, tokenizer, maxLength }: Omit<TextReading, 'nextToken'>, scores: number) {
  let seen = 0;
  for await (const { fields } of records.scan()) {
    if (rawLabel(fields) !== undefined) return false;
    const content = contentOf(fields, { file: records.file });
    const ids =
      content.kind === 'tokens' ? content.sequence.ids : tokenizer?.encode(content.text, content.pair, maxLength).ids;
    if (!ids?.every((id) => id < scores)) return false;
    if (++seen === LOOKED_AT) break;
  }
  return seen > 0;
}
