/** How figures are shown to people. */

const UNITS = ['B', 'kB', 'MB', 'GB'] as const;

/** `102.5 MB`, powers of 1000 as file managers count. */
export function bytes(count: number): string {
  const power = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, count)) / 3)));
  const value = count / 1000 ** power;
  return `${power === 0 ? value : value.toFixed(1)} ${UNITS[power]}`;
}

export function milliseconds(value: number): string {
  return `${significant(value)} ms`;
}

/** `12.3 s`, `4 min 05 s`, `2 h 10 min`. */
export function duration(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${pad(Math.floor(seconds % 60))} s`;
  return `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} min`;
}

/** `8 s`, `5 min`, `2 h 10 min`, rounded up: for times that are estimates. */
export function roughly(seconds: number): string {
  if (seconds <= 59) return `${Math.ceil(seconds)} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} min`;
}

const RATE_UNITS = [
  ['s', 1],
  ['min', 60],
  ['h', 3600],
] as const;

/** `240/s`, `1.5/min`, `0.3/h`: in the first unit of time that leaves at least half a thing. */
export function rate(perSecond: number): string {
  const [unit, seconds] = RATE_UNITS.find(([, seconds]) => perSecond * seconds >= 0.5) ?? RATE_UNITS[2];
  const value = perSecond * seconds;
  return `${value.toFixed(value < 9.95 ? 1 : 0)}/${unit}`;
}

/** Three significant digits, without an exponent for everyday sizes. */
export function significant(value: number): string {
  if (value === 0) return '0';
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(6, digits));
}

/** A rate in [0, 1] as points of 100, other metrics as they are. */
export function metricValue(value: number, isShare: boolean): string {
  return isShare ? (100 * value).toFixed(1) : significant(value);
}

/** A loss with its sign: `+0.4`. */
export function metricLoss(value: number, isShare: boolean): string {
  const text = metricValue(Math.abs(value), isShare);
  return Number(text) === 0 ? text : `${value < 0 ? '-' : '+'}${text}`;
}

/** Columns padded to their widest cell; numbers, which begin with a digit, a sign or a bracket, to the right. */
export function table(rows: readonly (readonly string[])[], indent = '  '): string {
  return columns(rows, indent, alignNumbers);
}

/** As `table`, with every cell to the left: for words, even those that begin with a number. */
export function facts(rows: readonly (readonly string[])[], indent = '  '): string {
  return columns(rows, indent, (cell, width) => cell.padEnd(width));
}

type Align = (cell: string, width: number) => string;

function columns(rows: readonly (readonly string[])[], indent: string, align: Align): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map(
      (row) =>
        indent +
        row
          .map((cell, i) => align(cell, widths[i]))
          .join('  ')
          .trimEnd(),
    )
    .join('\n');
}

/** `text` cut in the middle to `width`, so that both ends of a long name stay readable. */
export function shortened(text: string, width: number): string {
  if (text.length <= width) return text;
  const tail = Math.ceil((width - 3) / 2);
  return `${text.slice(0, width - 3 - tail)}...${text.slice(text.length - tail)}`;
}

/** The end of a long name: units of one model differ there, in their layer and their part. */
export function ending(name: string, width: number): string {
  return name.length <= width ? name : `...${name.slice(name.length - width + 3)}`;
}

/** `text` in lines of at most `width`, broken between words. */
export function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = [''];
  for (const word of text.split(' ')) {
    const line = lines[lines.length - 1];
    if (line !== '' && line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines;
}

function alignNumbers(cell: string, width: number): string {
  return /^[\d+\-[(]/.test(cell) ? cell.padStart(width) : cell.padEnd(width);
}

function pad(value: number): string {
  return String(value).padStart(2, '0');
}
