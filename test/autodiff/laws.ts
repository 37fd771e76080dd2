import {
  cotangentOf,
  gradient,
  gradientOf,
  type HessianMode,
  hvp,
  jvp,
  productOf,
  tangentOf,
  vjp,
} from '../../src/autodiff/products.js';
import type { Program } from '../../src/autodiff/program.js';
import { fromNumbers, toNumbers } from '../../src/kernel/tensor.js';
import type { TensorMap } from '../../src/runtime/session.js';
import { type Workbench, workbench } from './compiled.js';
import {
  apart,
  combination,
  inner,
  largest,
  moved,
  norm,
  normal,
  quotient,
  renamed,
  usualProduct,
  type Vector,
} from './directions.js';
import { type Subject, termOf, weightOf, withBranches, withFunctional } from './subject.js';

/**
 * What derivatives obey, with the error that is allowed in float64: relative to the largest entry, or for a product
 * with a random vector to what such a product is like.
 */
export const LAWS = {
  /** J v is the central difference quotient. */
  jvp: 1e-7,
  /** <J' u, v> is that of <u, f>. */
  vjp: 1e-7,
  /** <u, J v> = <J' u, v>. */
  adjoint: 1e-12,
  /** J (a v + w) = a J v + J w, and J' likewise. */
  linear: 1e-12,
  /** H v is the central difference quotient of the gradient. */
  hvp: 1e-6,
  /** <u, H v> = <v, H u>. */
  symmetric: 1e-10,
  /** H (a v + w) = a H v + H w. */
  'hvp-linear': 1e-10,
  /** Forward over reverse, reverse over forward and reverse over reverse give the same. */
  modes: 1e-10,
  /** Where the outputs are softmax scores and the loss is the divergence from themselves, H = J' F J. */
  'gauss-newton': 1e-9,
  /** S S' = F, where S is what `rootProduct` pulls back. */
  root: 1e-9,
} as const;

export type Law = keyof typeof LAWS;
export type Errors<L extends Law = Law> = Readonly<Record<L, number>>;
type FirstOrder = 'jvp' | 'vjp' | 'adjoint' | 'linear';
type SecondOrder = 'hvp' | 'symmetric' | 'hvp-linear' | 'modes';

type Bounds = Readonly<Partial<Record<Law, number>>>;

/** The laws that do not hold, with their errors; NaN holds nowhere. */
export function broken(errors: Readonly<Partial<Errors>>, bounds: Bounds = LAWS): readonly string[] {
  return lawNames().flatMap((law) => {
    const [error, bound] = [errors[law], bounds[law]];
    return error === undefined || (bound !== undefined && error <= bound) ? [] : [`${law}: ${error}`];
  });
}

export function lawNames(): readonly Law[] {
  const isLaw = (name: string): name is Law => Object.hasOwn(LAWS, name);
  return Object.keys(LAWS).filter(isLaw);
}

const MODES: readonly HessianMode[] = ['forward-over-reverse', 'reverse-over-forward', 'reverse-over-reverse'];

/** Central differences err by h^2 of the third derivative and 1e-16 / h of the value. */
const STEP = 1e-5;
const LEAST_STEP = 1e-11;

/** What a law is measured on: a point and the directions in which it is looked at. */
interface Site extends Subject {
  readonly bench: Workbench;
  readonly v: Vector;
  /** Another such direction. */
  readonly other: () => Vector;
  /** Cotangents of the outputs. */
  readonly u: Vector;
}

/** No kink lies within the smallest step. */
export class Kink extends Error {}

/** Errors of every law that holds for all programs. Throws a Kink where the point lies too near one. */
export async function measureLaws(subject: Subject, seed = 11): Promise<Errors<FirstOrder | SecondOrder>> {
  return at(subject, seed, 'float64', async (site) => ({ ...(await firstOrder(site)), ...(await secondOrder(site)) }));
}

/** Errors of the laws of first and second order that need no differences; in the program's own precision. */
export async function measureAdjoint(subject: Subject, seed = 11): Promise<number> {
  return at(subject, seed, 'own', async (site) => {
    const { program, wrt, of } = site;
    const Jv = await pushed(site, jvp(program, wrt, of), site.v);
    return adjointError(site, Jv, await pulled(site, vjp(program, wrt, of), site.u));
  });
}

async function at<T>(
  subject: Subject,
  seed: number,
  precision: 'float64' | 'own',
  measure: (site: Site) => Promise<T>,
): Promise<T> {
  const bench = workbench(precision);
  const space = subject.wrt.map((name) => ({ ...termOf(subject.program, name), name }));
  const outputs = subject.of.map((name) => ({ ...termOf(subject.program, name), name }));
  const site = {
    ...subject,
    bench,
    v: normal(space, seed),
    other: () => normal(space, seed + 1),
    u: normal(outputs, seed + 2),
  };
  try {
    return await measure(site);
  } finally {
    await bench.close();
  }
}

async function firstOrder(site: Site): Promise<Errors<FirstOrder>> {
  const { program, wrt, of, bench, point, v, u } = site;
  const forward = jvp(program, wrt, of);
  const reverse = vjp(program, wrt, of);
  const Jv = await pushed(site, forward, v);
  const Ju = await pulled(site, reverse, u);
  const step = await smoothStep(site, withBranches(forward));
  const value = (h: number) => bench.run(program, moved(point, v, h), of);
  const slope = quotient(await value(step), await value(-step), step);
  const scale = largest(await value(0));
  return {
    jvp: apart(Jv, slope, 1e-3 * scale),
    vjp: Math.abs(inner(Ju, v) - inner(u, slope)) / Math.max(norm(u) * norm(slope), 1e-3 * scale * norm(u), TINY),
    adjoint: adjointError(site, Jv, Ju),
    linear: await linearError(site, forward, reverse),
  };
}

const TINY = 1e-300;

function adjointError({ u, v, live }: Site, Jv: Vector, Ju: Vector): number {
  const usual = Math.max(usualProduct(u, Jv), usualProduct(Ju, v), TINY);
  if (live && usual === TINY) throw new RangeError('the derivative is 0 here');
  return Math.abs(inner(u, Jv) - inner(Ju, v)) / usual;
}

/** How far J is from linear in the direction, J' in the cotangent. */
async function linearError(site: Site, forward: Program, reverse: Program): Promise<number> {
  const a = 0.75;
  const both = async (map: (at: Vector) => Promise<Vector>, x: Vector, y: Vector) =>
    apart(await map(combination(a, x, y)), combination(a, await map(x), await map(y)));
  const { v, u } = site;
  return Math.max(
    await both((at) => pushed(site, forward, at), v, site.other()),
    await both((at) => pulled(site, reverse, at), u, mirrored(u)),
  );
}

/** Another cotangent: the numbers of each tensor in reverse order. */
function mirrored(u: Vector): Vector {
  return Object.fromEntries(
    Object.entries(u).map(([name, value]) => {
      const values = Float64Array.from(toNumbers(value)).reverse();
      return [name, fromNumbers('float64', value.dims, values)];
    }),
  );
}

/** Of the sum of <weight, output>, whose gradient is a VJP. */
async function secondOrder(site: Site): Promise<Errors<SecondOrder>> {
  const { wrt, of, bench, v, u } = site;
  const w = site.other();
  const program = withFunctional(site.program, of);
  const point: TensorMap = { ...site.point, ...renamed(u, same, weightOf, of) };
  const here = { ...site, point };
  const [first, ...others] = MODES.map((mode) => hvp(program, wrt, mode));
  const Hv = await curved(here, first, v);
  const Hw = await curved(here, first, w);
  const slopes = gradient(program, wrt);
  const step = await smoothStep(here, withBranches(first));
  const value = async (h: number) => renamed(await bench.run(slopes, moved(point, v, h)), gradientOf, same, wrt);
  const difference = quotient(await value(step), await value(-step), step);
  const usual = Math.max(usualProduct(Hv, w), usualProduct(Hw, v), TINY);
  const a = 0.75;
  const modes = await Promise.all(others.map(async (mode) => apart(await curved(here, mode, v), Hv)));
  return {
    hvp: apart(Hv, difference, 1e-3 * largest(await value(0))),
    symmetric: Math.abs(inner(w, Hv) - inner(v, Hw)) / usual,
    'hvp-linear': apart(await curved(here, first, combination(a, v, w)), combination(a, Hv, Hw)),
    modes: Math.max(...modes),
  };
}

/** A step along v, within which no branch changes. */
async function smoothStep({ bench, point, v, wrt, of, u }: Site, branched: Program): Promise<number> {
  const names = [...branched.outputs.keys()].filter((name) => name.startsWith('branch '));
  if (names.length === 0) return STEP;
  const rest = { ...renamed(v, same, tangentOf, wrt), ...renamed(u, same, cotangentOf, of) };
  const branches = (h: number) => bench.run(branched, { ...moved(point, v, h), ...rest }, names);
  const here = await branches(0);
  for (let step = STEP; step >= LEAST_STEP; step /= 10) {
    if (alike(here, await branches(step)) && alike(here, await branches(-step))) return step;
  }
  throw new Kink('a kink lies within every step');
}

function alike(a: Vector, b: Vector): boolean {
  return apart(a, b) === 0;
}

const same = (name: string) => name;

async function pushed({ bench, point, wrt, of }: Site, program: Program, v: Vector): Promise<Vector> {
  const result = await bench.run(program, { ...point, ...renamed(v, same, tangentOf, wrt) });
  return renamed(result, tangentOf, same, of);
}

async function pulled({ bench, point, wrt, of }: Site, program: Program, u: Vector): Promise<Vector> {
  const result = await bench.run(program, { ...point, ...renamed(u, same, cotangentOf, of) });
  return renamed(result, gradientOf, same, wrt);
}

async function curved({ bench, point, wrt }: Site, program: Program, v: Vector): Promise<Vector> {
  const result = await bench.run(program, { ...point, ...renamed(v, same, tangentOf, wrt) });
  return renamed(result, productOf, same, wrt);
}
