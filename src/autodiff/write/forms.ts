import type { Primitive } from '../primitives.js';
import type { Program, Term } from '../program.js';
import { CONV_WEIGHT_FORMS } from './conv-weight.js';
import { type RewriteRule, type RewriteSite, rewrite } from './rewrite.js';

/** One way to say an equation in others. */
export interface Form<P extends Primitive> {
  readonly name: string;
  /** Whether it can say this one. */
  readonly can: (site: RewriteSite<P>) => boolean;
  /** Whether it is the fastest here of those that follow in the list, by the figures of ADR 0120. */
  readonly fast: (site: RewriteSite<P>) => boolean;
  readonly write: (site: RewriteSite<P>) => Term;
}

/** Primitive -> the name of a form. */
export type FormChoice = { readonly [P in Primitive]?: string };

/** The program with every product in the fastest of its forms, or in the one that `choice` names where it can be. */
export function inFastForms(program: Program, choice: FormChoice = {}): Program {
  return rewrite(program, {
    Copy: ({ inputs }) => inputs,
    ConvWeight: fastest(CONV_WEIGHT_FORMS, choice.ConvWeight),
  });
}

function fastest<P extends Primitive>(forms: readonly Form<P>[], named: string | undefined): RewriteRule<P> {
  return (site) => {
    const possible = forms.filter((form) => form.can(site));
    const form = possible.find(({ name }) => name === named) ?? possible.find(({ fast }) => fast(site));
    return form && [form.write(site)];
  };
}
