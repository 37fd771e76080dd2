/** The stream that progress goes to: stderr, so that stdout holds results alone. */
export type Screen = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

/** Lines are made for this many columns, and a wider terminal is no reason for longer ones. */
const COLUMNS = 80;

export function widthOf({ columns }: Screen): number {
  return columns === undefined || columns === 0 ? COLUMNS : Math.min(COLUMNS, columns);
}

export function writeLine(screen: Screen, text: string): void {
  screen.write(`${text}\n`);
}
