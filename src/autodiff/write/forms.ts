import type { Primitive } from '../primitives.js';
import type { Program } from '../program.js';
import { CONV_INPUT_FORMS } from './conv-input.js';
import { CONV_WEIGHT_FORMS } from './conv-weight.js';
import type { Form } from './form.js';
import { type RewriteRule, rewrite } from './rewrite.js';

/** Primitive -> the name of a form. */
export type FormChoice = { readonly [P in Primitive]?: string };

/** The program with every product in the fastest of its forms, or in the one that `choice` names where it can be. */
export function inFastForms(program: Program, choice: FormChoice = {}): Program {
  return rewrite(program, {
    Copy: ({ inputs }) => inputs,
    ConvInput: fastest(CONV_INPUT_FORMS, choice.ConvInput),
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
