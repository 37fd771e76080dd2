import { distance } from 'fastest-levenshtein';

/** The name nearest to `wrong`, when it is near enough to be a slip: at most a third of its letters differ. */
export function nearest(wrong: string, names: readonly string[]): string | undefined {
  const ranked = names
    .map((name) => ({ name, away: distance(wrong.toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.away - b.away);
  const [best] = ranked;
  return best && best.away <= Math.max(1, Math.floor(wrong.length / 3)) ? best.name : undefined;
}

/** `Did you mean X?` when a name is near, otherwise all the names. */
export function didYouMean(wrong: string, names: readonly string[]): string {
  const name = nearest(wrong, names);
  return name ? `Did you mean ${name}?` : `Known are: ${names.join(', ')}.`;
}
