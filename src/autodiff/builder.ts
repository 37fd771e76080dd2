import type { DType } from '../kernel/dtype.js';
import { fromNumbers, scalarOf, type Tensor } from '../kernel/tensor.js';
import { contentKey, draftKey } from './keys.js';
import type { Params, Primitive } from './primitives.js';
import type { Equation, EquationOf, Program, Term, TermType } from './program.js';
import { prune } from './prune.js';
import { SHAPES } from './shapes/table.js';
import { simplified } from './simplified.js';

/**
 * Writes a program, equation by equation. Shapes are inferred; an equation that stands already is not written again,
 * and one whose result is plain to see (x + 0, a reshape to the same shape) is replaced by that result.
 */
export class Builder {
  /** The node that the next equations come from. */
  origin = '';
  readonly #inputs: Term[] = [];
  readonly #constants = new Map<string, Tensor>();
  readonly #weights = new Set<string>();
  readonly #equations: Equation[] = [];
  readonly #values = new Map<string, Term>();
  readonly #written = new Map<string, readonly Term[]>();
  readonly #producers = new Map<string, Equation>();
  readonly #counts = new Map<string, number>();

  /** Goes on where a program ends. */
  static from(program: Program): Builder {
    const b = new Builder();
    for (const input of program.inputs) b.input(input.name, input);
    const named = new Set([...program.values.values()].map(({ name }) => name));
    for (const [name, value] of program.constants) {
      if (named.has(name)) b.weight(name, value);
      else b.#adoptConstant(b.#fresh(name), value);
    }
    for (const equation of program.equations) b.#adopt(equation);
    for (const [name, term] of program.values) b.#values.set(name, term);
    return b;
  }

  get equations(): readonly Equation[] {
    return this.#equations;
  }

  /** A graph input of exactly this name. */
  input(name: string, { dtype, shape }: TermType): Term {
    if (this.#counts.has(name)) throw new RangeError(`the name ${name} is taken`);
    const term = { name: this.#fresh(name), dtype, shape };
    this.#inputs.push(term);
    return term;
  }

  inputNamed(name: string): Term | undefined {
    return this.#inputs.find((input) => input.name === name);
  }

  /** A variable of a linear map that is transposed before the program is finished; nobody feeds it. */
  variable({ dtype, shape }: TermType): Term {
    return { name: this.#fresh('variable'), dtype, shape };
  }

  /** A constant; a small one of the same content is not written again. */
  constant(value: Tensor, name = 'constant'): Term {
    const known = this.#written.get(contentKey(value) ?? '');
    return known ? known[0] : this.#adoptConstant(this.#fresh(name), value);
  }

  /**
   * A constant by which the program may be differentiated. It stays a term of its own beside others of the same
   * content, and no simplification looks at its value.
   */
  weight(name: string, value: Tensor): Term {
    const term = { name: this.#fresh(name), dtype: value.dtype, shape: value.dims };
    this.#constants.set(term.name, value);
    this.#weights.add(term.name);
    return term;
  }

  scalar(value: number, dtype: DType = 'float32'): Term {
    if (dtype === 'string') throw new TypeError(`a ${dtype} is no number`);
    return this.constant(fromNumbers(dtype, [], [value]), 'scalar');
  }

  /** The value of a constant that is no weight. */
  constantValue(term: Term): Tensor | undefined {
    return this.#weights.has(term.name) ? undefined : this.#constants.get(term.name);
  }

  /** The number that a scalar constant is; a weight is none. */
  constantScalar(term: Term): number | undefined {
    const value = this.constantValue(term);
    return value && value.dims.length === 0 ? scalarOf(value) : undefined;
  }

  producer(term: Term): Equation | undefined {
    return this.#producers.get(term.name);
  }

  /** Notes that a value of the model is this term. */
  setValue(name: string, term: Term): void {
    this.#values.set(name, term);
  }

  value(name: string): Term | undefined {
    return this.#values.get(name);
  }

  /** All outputs of an operator. */
  all<P extends Primitive>(op: P, inputs: readonly Term[], params: Params[P]): readonly Term[] {
    const plain = simplified(this, op, inputs, params);
    if (plain) return [plain];
    const known = this.#written.get(draftKey(op, inputs, params));
    if (known) return known;
    const base = this.origin ? `${this.origin}/${op}` : op;
    const outputs = SHAPES[op](inputs, params).map((type) => ({ ...type, name: this.#fresh(base) }));
    const equation: EquationOf<P> = { op, params, inputs, outputs, origin: this.origin };
    this.#adopt(equation as Equation);
    return outputs;
  }

  /** The first output of an operator. */
  one<P extends Primitive>(op: P, inputs: readonly Term[], params: Params[P]): Term {
    return this.all(op, inputs, params)[0];
  }

  /** The program of these outputs, with the inputs, constants and equations that they need. */
  finish(outputs: ReadonlyMap<string, Term>): Program {
    return prune({
      inputs: [...this.#inputs],
      outputs,
      constants: this.#constants,
      equations: this.#equations,
      values: this.#values,
    });
  }

  #adopt(equation: Equation): void {
    const { op, inputs, outputs, params } = equation;
    this.#equations.push(equation);
    this.#written.set(draftKey(op, inputs, params), outputs);
    for (const output of outputs) {
      if (!this.#counts.has(output.name)) this.#fresh(output.name);
      this.#producers.set(output.name, equation);
    }
  }

  #adoptConstant(name: string, value: Tensor): Term {
    const term = { name, dtype: value.dtype, shape: value.dims };
    const key = contentKey(value);
    this.#constants.set(name, value);
    if (key && !this.#written.has(key)) this.#written.set(key, [term]);
    return term;
  }

  #fresh(name: string): string {
    let count = this.#counts.get(name) ?? 0;
    let candidate = count === 0 ? name : `${name}_${++count}`;
    while (candidate !== name && this.#counts.has(candidate)) candidate = `${name}_${++count}`;
    this.#counts.set(name, Math.max(count, 1));
    if (candidate !== name) this.#counts.set(candidate, 1);
    return candidate;
  }
}
