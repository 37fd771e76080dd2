import type { Primitive } from '../primitives.js';
import type { Term } from '../program.js';
import type { RewriteSite } from './rewrite.js';

/** One way to say an equation in others. */
export interface Form<P extends Primitive> {
  readonly name: string;
  /** Whether it can say this one. */
  readonly can: (site: RewriteSite<P>) => boolean;
  /** Whether it is the fastest of those that can and follow in the list, by the figures of ADR 0120. */
  readonly fast: (site: RewriteSite<P>) => boolean;
  readonly write: (site: RewriteSite<P>) => Term;
}
