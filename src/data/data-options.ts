import type { Value } from '../graph/model.js';
import type { ModelFiles } from './model-folder.js';

/** How data is read for a model. */
export interface DataOptions {
  /** The model's inputs: samples hold exactly these. */
  readonly inputs: readonly Value[];
  /** The model's outputs, where known: they tell the number of classes, and a language model. */
  readonly outputs?: readonly Value[];
  /** A CSV or TSV of `file,label`, or a `.npy` of labels. */
  readonly labels?: string;
  /** A preset (`imagenet`, `mobilenet,resize=exact`), or a JSON file. */
  readonly preprocess?: string;
  /** What stands beside the model: its tokenizer, preprocessor and configuration. */
  readonly model?: ModelFiles;
  /** A `tokenizer.json` or a WordPiece `vocab.txt`, in place of the model's or the data's own. */
  readonly tokenizer?: string;
  /** Longest sequence in tokens, special tokens included; shorter limits of tokenizer and model hold as well. */
  readonly maxLength?: number;
  /** Fills sequences up where the model's length is fixed. */
  readonly padId?: number;
  /** Label each position with the token that follows; inferred where a model scores its vocabulary at each position. */
  readonly nextToken?: boolean;
  /** Refuse a set without labels. */
  readonly requireLabels?: boolean;
  /** At most this many samples of a module's iterable. */
  readonly limit?: number;
  /** Ends the reading of a module's iterable, which may take long or go on for ever. */
  readonly signal?: AbortSignal;
}
