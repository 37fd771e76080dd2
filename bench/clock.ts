/** How long a list of measurements may still take. */
export interface Clock {
  /** Seconds that what is not done may take, at the pace of what is. */
  left(): number;
  did(name: string, seconds: number): void;
}

/** `foreseen`: about how many seconds each takes, by its name. */
export function createClock(foreseen: ReadonlyMap<string, number>): Clock {
  const open = new Map(foreseen);
  let foretold = 0;
  let taken = 0;
  return {
    left: () =>
      [...open.values()].reduce((total, seconds) => total + seconds, 0) * (foretold > 0 ? taken / foretold : 1),
    did(name, seconds) {
      foretold += open.get(name) ?? 0;
      taken += seconds;
      open.delete(name);
    },
  };
}
