/**
 * `compute`, remembered for as long as its argument lives: the metrics of one sample ask for the same highest classes,
 * log-probabilities and sums.
 */
export function oncePer<K extends object, T>(compute: (key: K) => T): (key: K) => T {
  const known = new WeakMap<K, { readonly value: T }>();
  return (key) => {
    const found = known.get(key) ?? { value: compute(key) };
    known.set(key, found);
    return found.value;
  };
}

/** The same for a pair, such as an output and the float model's. */
export function oncePerPair<A extends object, B extends object, T>(compute: (a: A, b: B) => T): (a: A, b: B) => T {
  const ofFirst = oncePer((a: A) => oncePer((b: B) => compute(a, b)));
  return (a, b) => ofFirst(a)(b);
}
