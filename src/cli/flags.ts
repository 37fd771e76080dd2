import { Option } from 'commander';
import { z } from 'zod';
import { flagName } from '../read-options.js';

type PropertySchema = z.core.JSONSchema.BaseSchema;

/** Options by the heading under which help shows them. */
type Groups = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** A table of options as command-line flags, in the order of `groups`: names, values, defaults and help are the schema's. */
export function flagsOf(options: z.ZodObject, groups: Groups): readonly Option[] {
  const properties = z.toJSONSchema(options, { io: 'input', unrepresentable: 'any' }).properties ?? {};
  return Object.entries(groups).flatMap(([group, members]) =>
    Object.keys(members).flatMap((name) => {
      const schema = properties[name];
      return typeof schema === 'object' ? [flagOf(name, schema).helpGroup(`${group}:`)] : [];
    }),
  );
}

function flagOf(name: string, schema: PropertySchema): Option {
  const flag = `--${flagName(name)}`;
  const help = `${schema.description ?? ''}${choicesOf(schema)}${defaultOf(schema)}`;
  if (schema.type === 'boolean') return new Option(flag, help);
  const option = new Option(`${flag} <${schema.title ?? (schema.type === 'array' ? 'names' : 'name')}>`, help);
  if (schema.type === 'integer') return option.argParser(wholeNumber);
  if (namesOf(schema) && (schema.anyOf || schema.type === 'array')) return option.argParser(listed);
  if (schema.anyOf) return option.argParser(wholeNumbers);
  if (schema.type === 'array') return option.argParser(repeated);
  return option;
}

function namesOf(schema: PropertySchema): readonly unknown[] | undefined {
  if (schema.enum) return schema.enum;
  const { items, anyOf: [first] = [] } = schema;
  if (typeof first === 'object' && first.enum) return first.enum;
  return typeof items === 'object' && !Array.isArray(items) ? items.enum : undefined;
}

function choicesOf(schema: PropertySchema): string {
  const names = namesOf(schema);
  return names ? `: ${names.join(', ')}` : '';
}

/** Defaults are told, not set: a flag left out must not hide what the configuration file says. */
function defaultOf(schema: PropertySchema): string {
  const value = schema.default;
  const telling = typeof value === 'string' || typeof value === 'number';
  return telling ? ` (default: ${value})` : '';
}

/** What is no number stays text, and the schema says so with all else that is wrong. */
function wholeNumber(text: string): number | string {
  return /^\d+$/.test(text) ? Number(text) : text;
}

/** `1,8`: options that take a number or several. */
function wholeNumbers(text: string, before: readonly (number | string)[] = []): readonly (number | string)[] {
  return [...before, ...text.split(',').map(wholeNumber)];
}

function listed(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, ...text.split(',')];
}

/** Globs and regular expressions hold commas: one a flag. */
function repeated(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}
