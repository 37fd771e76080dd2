import { z } from 'zod';
import { nearest } from '../kernel/did-you-mean.js';
import type { Place, Problem } from '../kernel/errors.js';

/** A file that is checked: its schema, and how what is wrong with it is called. */
export interface CheckedFile<S extends z.ZodType> {
  readonly schema: S;
  readonly code: string;
  readonly place: Place;
}

/** `value` as its schema reads it, or everything that the schema holds against it, each with its place in the file. */
export function checkedBy<S extends z.ZodType>(
  { schema, code, place }: CheckedFile<S>,
  value: unknown,
): { readonly data: z.output<S> } | { readonly problems: readonly Problem[] } {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return { data: result.data };
  const names = namesIn(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }));
  const problems = result.error.issues.flatMap((issue) =>
    complaints(issue, names).map(({ message, hint }) => ({
      ...fileProblem(code, place, issue.path, message),
      ...hint,
    })),
  );
  return { problems };
}

/** Something wrong at a path of a JSON file. */
export function fileProblem(code: string, place: Place, path: readonly PropertyKey[], message: string): Problem {
  const at = jsonPath(path);
  return { kind: 'option', code, message: at === '' ? message : `${at}: ${message}`, place };
}

interface Complaint {
  readonly message: string;
  readonly hint?: { readonly hint: string };
}

function complaints(issue: z.core.$ZodIssue, names: readonly string[]): readonly Complaint[] {
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknown(key, names));
  if (issue.input === undefined) return [{ message: 'is missing' }];
  if (issue.code === 'invalid_value') return [unknown(issue.input, issue.values.map(String), true)];
  return [{ message: issue.message }];
}

function unknown(value: unknown, known: readonly string[], closed = false): Complaint {
  const message = `${JSON.stringify(value)} is not known here`;
  const near = typeof value === 'string' ? nearest(value, known) : undefined;
  if (near !== undefined) return { message, hint: { hint: `Did you mean ${near}?` } };
  return closed ? { message, hint: { hint: `Known are: ${known.join(', ')}.` } } : { message };
}

/** `operators.Conv.ladder[1]`. */
function jsonPath(path: readonly PropertyKey[]): string {
  return path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`))
    .join('')
    .replace(/^\./, '');
}

/** Every name that some object of a JSON schema may have, for a slip to be near to. */
function namesIn(schema: unknown): readonly string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  return Object.entries(schema).flatMap(([key, value]) => [
    ...(key === 'properties' ? Object.keys(value) : []),
    ...namesIn(value),
  ]);
}
