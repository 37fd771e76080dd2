/** How one asynchronous step ended. */
export type Settled<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown };

/**
 * `map` over `items`, at most `concurrency` at a time, the outcomes in the order of the items. Nothing is started
 * beyond the window, so memory is bounded by `concurrency` results however slowly they are consumed.
 */
export async function* inOrder<T, R>(
  items: Iterable<T>,
  concurrency: number,
  map: (item: T) => Promise<R>,
): AsyncGenerator<Settled<R>> {
  const pending: Promise<Settled<R>>[] = [];
  for (const item of items) {
    pending.push(settle(map, item));
    if (pending.length < concurrency) continue;
    const next = pending.shift();
    if (next) yield await next;
  }
  for (const rest of pending) yield await rest;
}

async function settle<T, R>(map: (item: T) => Promise<R>, item: T): Promise<Settled<R>> {
  try {
    return { ok: true, value: await map(item) };
  } catch (error) {
    return { ok: false, error };
  }
}
