/** What JSON can say. Numbers are finite. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** Says what a result is of: model, data, plan, versions ... Two results with equal keys are the same result. */
export type Key = Readonly<Record<string, Json>>;

/** A kind of result, and in its type what `find` gives back. */
export interface ResultKind<T> {
  readonly name: string;
  /** Never set: carries the type alone. */
  readonly types?: T;
}

/** A kind of result whose values are plain data of type `T` (what structured clone copies). */
export function resultKind<T>(name: string): ResultKind<T> {
  return { name };
}
