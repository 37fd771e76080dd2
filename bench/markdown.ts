/** Figures as Markdown, and their place in a page. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Report } from '../src/report/schema.js';

export const README = new URL('../README.md', import.meta.url);
export const LATENCY_PAGE = new URL('../docs/latency.md', import.meta.url);

/** Shown where nothing was measured. */
export const NONE = '–';

export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header, header.map(() => '---'), ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** What is kept of every step to say where its figures come from. */
export interface Measured extends Pick<Report, 'machine' | 'versions'> {
  readonly date: string;
  readonly noisy: boolean;
}

/** Where figures come from: command, machines, days and versions, and whether timings were disturbed. */
export function origin(command: string, steps: readonly Measured[]): string {
  const machines = new Set(steps.map(({ machine }) => `${machine.cpu} (${machine.cores} cores, one used)`));
  const versions = new Set(
    steps.map(({ versions: known }) =>
      Object.entries(known)
        .map((pair) => pair.join(' '))
        .join(', '),
    ),
  );
  const dates = steps.map(({ date }) => date.slice(0, 10)).sort();
  const days = new Set([dates[0], dates[dates.length - 1]]);
  const noisy = steps.some((step) => step.noisy) ? '; some timings are noisy (figures/*.json say which)' : '';
  return `\`${command}\` on ${[...machines].join('; ')}, ${[...days].join(' to ')}, ${[...versions].join('; ')}${noisy}.`;
}

/** `54 w8a8, 1 float`. */
export function countedFormats(formats: Report['formats']): string {
  return Object.entries(formats)
    .map(([format, count]) => `${count} ${format}`)
    .join(', ');
}

/** Puts `content` between the page's markers of this name; with `--print` only shows it. */
export function publish(page: URL, name: string, content: string): void {
  if (process.argv.includes('--print')) console.log(content);
  else writeFileSync(page, between(page, name, content));
}

function between(page: URL, name: string, content: string): string {
  const text = readFileSync(page, 'utf8');
  const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const from = text.indexOf(open);
  const to = text.indexOf(close);
  if (from < 0 || to < from) throw new Error(`${page.pathname} has no ${open} ... ${close}`);
  return `${text.slice(0, from + open.length)}\n\n${content}\n\n${text.slice(to)}`;
}
