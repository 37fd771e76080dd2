import type { Model } from '../graph/model.js';
import { didYouMean } from '../kernel/did-you-mean.js';
import { type Problem, throwAll } from '../kernel/errors.js';
import { decideFollowers, type Followers, type Formats, storedValues, type Wiring, wire } from './followers.js';
import type { Bits, Format } from './formats.js';
import { withinBounds } from './grid.js';
import { type Network, network } from './network.js';
import type { ActivationParameters, AffineParameters, EmissionOptions, Plan, WeightOptions } from './plan.js';
import { reasonAgainst, type TargetRules } from './rules.js';
import type { Unit } from './unit.js';

export type Activations = Readonly<Record<string, ActivationParameters>>;

export interface PlanRequest {
  /** Simplified float model. */
  readonly model: Model;
  /** SHA-256 of the file it came from. */
  readonly modelHash: string;
  readonly target: TargetRules;
  /** A format for every unit. */
  readonly units: Formats;
  /** Parameters of at least the values that `valuesToObserve` names. */
  readonly activations: Activations;
  readonly weights: WeightOptions;
  readonly emission?: EmissionOptions;
}

/**
 * The plan of a choice of formats: the target's rules decide the followers, and of the activations those that are
 * stored somewhere are kept. Throws with all problems: unknown or missing units, formats that a unit cannot take, units
 * of one weight that differ, values without parameters.
 */
export function makePlan(request: PlanRequest): Plan {
  return planFor(network(request.model, request.target), request);
}

/** As `makePlan`, for many plans of one model. */
export function planFor(net: Network, request: Omit<PlanRequest, 'model' | 'target'>): Plan {
  throwAll(formatProblems(net, request.units));
  const followers = decideFollowers(net, request.units);
  const activations = storedParameters(net, request.units, followers, request.activations);
  return {
    version: 1,
    model: request.modelHash,
    target: net.rules.name,
    units: Object.fromEntries(net.units.map(({ name }) => [name, request.units[name]])),
    followers,
    activations,
    weights: request.weights,
    emission: emissionOf(net.rules, request.emission),
  };
}

/** The target's way of emission, and what the request says otherwise. */
function emissionOf({ emission }: TargetRules, asked: EmissionOptions = {}): EmissionOptions {
  const { container, accuracyLevel, blocks } = emission;
  return { container, accuracyLevel, blocks, ...asked };
}

/**
 * Values whose ranges calibration must observe, so that any choice of formats can be planned: every unit's inputs, and
 * all that is stored when every unit that can be 8 bits is.
 */
export function valuesToObserve(model: Model, target: TargetRules): readonly string[] {
  const net = network(model, target);
  const widest = net.units.map((unit) => [unit.name, reasonAgainst(unit, 'w8a8', target) ? 'float' : 'w8a8'] as const);
  const formats: Formats = Object.fromEntries(widest);
  const stored = storedValues(net, wire(net, formats, decideFollowers(net, formats)));
  const read = net.units.filter((unit) => readsQuantized(unit, target)).flatMap((unit) => unit.inputs);
  return [...new Set([...read, ...stored.keys()])];
}

export interface Uniform {
  readonly formats: Formats;
  /** Why a unit did not take the format asked for. */
  readonly reasons: Readonly<Record<string, string>>;
}

/** Every unit that can take `format` in it, the others in float, each with its reason. */
export function uniformFormats(units: readonly Unit[], format: Format, target: TargetRules): Uniform {
  const refusals = new Map<string, string>();
  for (const unit of units) {
    const reason = reasonAgainst(unit, format, target);
    if (reason !== undefined) refusals.set(unit.group, reason);
  }
  const reasonOf = (unit: Unit) => refusals.get(unit.group);
  return {
    formats: Object.fromEntries(units.map((unit) => [unit.name, reasonOf(unit) === undefined ? format : 'float'])),
    reasons: Object.fromEntries(units.flatMap((unit) => [reasonOf(unit)].flatMap((r) => (r ? [[unit.name, r]] : [])))),
  };
}

function readsQuantized(unit: Unit, target: TargetRules): boolean {
  return reasonAgainst(unit, 'w8a8', target) === undefined || reasonAgainst(unit, 'w16a16', target) === undefined;
}

function storedParameters(net: Network, formats: Formats, followers: Followers, given: Activations): Activations {
  const wiring = wire(net, formats, followers);
  const problems: Problem[] = [];
  const result: Record<string, ActivationParameters> = {};
  for (const [value, widths] of storedValues(net, wiring)) {
    const entries = [...widths]
      .sort((a, b) => a - b)
      .map((bits) => [bits, parametersOf(net, value, bits, wiring, given)]);
    for (const [bits, found] of entries) if (!found) problems.push(unobserved(value, Number(bits)));
    result[value] = Object.fromEntries(entries);
  }
  throwAll(problems);
  return result;
}

/** A value that a follower merely moves has the parameters of what was moved. */
function parametersOf(net: Network, value: string, bits: Bits, wiring: Wiring, given: Activations): Parameters {
  const made = wiring.made.get(value) === bits;
  const source = made ? wiring.aliases.get(value) : undefined;
  if (source !== undefined) return parametersOf(net, source, bits, wiring, given);
  const chosen = given[value]?.[bits];
  const bounds = made ? net.bounds(value) : undefined;
  return chosen && bounds ? withinBounds(chosen, bounds, bits) : chosen;
}

type Parameters = AffineParameters | undefined;

function unobserved(value: string, bits: number): Problem {
  return {
    kind: 'internal',
    code: 'activation-not-observed',
    message: `the plan stores this value at ${bits} bits, and calibration gave no parameters for it`,
    place: { tensor: value },
  };
}

function formatProblems(net: Network, formats: Formats): readonly Problem[] {
  const names = net.units.map((unit) => unit.name);
  const unknown = Object.keys(formats).filter((name) => !names.includes(name));
  const groups = new Map(net.units.map((unit) => [unit.group, formats[unit.name]]));
  return [
    ...unknown.map((name) => unknownUnit(name, names)),
    ...net.units.flatMap((unit) => unitProblems(unit, formats[unit.name], groups, net.rules)),
  ];
}

function unknownUnit(name: string, names: readonly string[]): Problem {
  const hint = didYouMean(name, names);
  return {
    kind: 'option',
    code: 'unknown-unit',
    message: 'the model has no unit of this name',
    place: { node: name },
    hint,
  };
}

function unitProblems(
  unit: Unit,
  format: Format | undefined,
  groups: ReadonlyMap<string, Format>,
  target: TargetRules,
): readonly Problem[] {
  const place = { node: unit.name, op: unit.op };
  if (format === undefined) {
    return [{ kind: 'option', code: 'unit-without-format', message: 'the plan gives this unit no format', place }];
  }
  const reason = reasonAgainst(unit, format, target);
  const differs = groups.get(unit.group) !== format;
  const shared = `it shares its weight with others (${unit.group}) and must share their format`;
  return [
    ...(reason === undefined ? [] : [cannotTake(format, reason, place, target)]),
    ...(differs ? [{ kind: 'option', code: 'group-differs', message: shared, place } as const] : []),
  ];
}

function cannotTake(format: Format, reason: string, place: Problem['place'], target: TargetRules): Problem {
  const message = `it cannot run in ${format} on ${target.name}: ${reason}`;
  const hint = 'choose another format for it, or leave it in float';
  return { kind: 'option', code: 'format-not-possible', message, ...(place && { place }), hint };
}
