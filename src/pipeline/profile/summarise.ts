import { median } from '../../kernel/statistics.js';
import { type Compared, type PredictionErrors, predictionErrors } from '../../latency/errors.js';
import type { Event } from '../../latency/event.js';
import { eventShare, naiveRatio } from '../../latency/predict.js';
import { shapeKey } from '../../latency/unit-shape.js';
import type { Format } from '../../quantize/formats.js';
import type { Network } from '../../quantize/network.js';
import type { BoundaryProfile, LatencyProfile, UniformLatency, UnitProfile, UnitTime } from '../../report/profile.js';
import { formatsOf } from './latency-question.js';
import type { MeasuredLatency } from './measure-latency.js';
import { type IsolatedTime, isolatedTimes, type MeasuredShape, type MeasuredUnits } from './measure-units.js';

/** All that was measured of a model. */
export interface Findings {
  readonly net: Network;
  readonly latency: MeasuredLatency;
  readonly units: MeasuredUnits;
}

/** What the findings say of units, boundaries, plans and predictions. */
export function summarise(
  findings: Findings,
): Pick<LatencyProfile, 'floatMs' | 'uniform' | 'units' | 'boundaries' | 'floatFaster' | 'prediction' | 'machine'> {
  const { floatMs, heldOut, machine } = findings.latency;
  const units = unitProfiles(findings);
  const naive = naiveErrors(findings);
  return {
    floatMs,
    uniform: uniformLatencies(findings.latency),
    units,
    boundaries: boundaries(findings),
    floatFaster: slower(units),
    prediction: { heldOut, ...(naive && { naive }) },
    machine,
  };
}

function uniformLatencies({ plans }: MeasuredLatency): readonly UniformLatency[] {
  return plans.flatMap(({ uniform, formats, ratio: { value, low, high } }) =>
    uniform
      ? [{ format: [...new Set(Object.values(formats))].filter(isNotFloat).join('+'), ratio: value, low, high }]
      : [],
  );
}

function isNotFloat(format: Format): boolean {
  return format !== 'float';
}

function unitProfiles({ net, latency, units: { shapes } }: Findings): readonly UnitProfile[] {
  const inPlace = inPlaceTimes(latency);
  const shapeOf = new Map(shapes.flatMap((measured) => measured.units.map((name) => [name, measured] as const)));
  const ladders = new Map(latency.circuit.items.map(({ name, formats }) => [name, formats]));
  const profiles = net.units.map(({ name, group }): UnitProfile => {
    const measured = shapeOf.get(name);
    const formats = new Set<Format>(['float', ...(ladders.get(group) ?? [])]);
    const times = [...formats].flatMap((format) => timeOf(name, format, inPlace, measured));
    return { name, ...(measured && { shape: shapeKey(measured.shape) }), times };
  });
  return profiles.filter(({ times }) => times.length > 0).sort((a, b) => b.times[0].inPlaceMs - a.times[0].inPlaceMs);
}

/** Milliseconds by unit and format. */
function inPlaceTimes({ circuit, prediction, floatMs }: MeasuredLatency): ReadonlyMap<string, number> {
  const events = [...circuit.always, ...circuit.events.map(({ event }) => event)];
  return new Map(
    events.filter(({ kind }) => kind === 'unit').map((event) => [event.name, floatMs * eventShare(prediction, event)]),
  );
}

function timeOf(
  unit: string,
  format: Format,
  inPlace: ReadonlyMap<string, number>,
  measured: MeasuredShape | undefined,
): readonly UnitTime[] {
  const inPlaceMs = inPlace.get(`unit ${unit} ${format}`);
  const floatMs = inPlace.get(`unit ${unit} float`);
  if (inPlaceMs === undefined || floatMs === undefined) return [];
  const alone = measured?.times[format];
  return [{ format, inPlaceMs, ratio: inPlaceMs / floatMs, ...(alone && { isolatedMs: alone.kernel }) }];
}

/** Differences below this are noise. */
const SLOWER = 1.02;

function slower(units: readonly UnitProfile[]): LatencyProfile['floatFaster'] {
  const cases = units.flatMap(({ name, times }) =>
    times.filter(({ ratio }) => ratio > SLOWER).map(({ format, ratio }) => ({ unit: name, format, ratio })),
  );
  return [...cases].sort((a, b) => b.ratio - a.ratio);
}

const BYTES = 4;
const MEGABYTE = 1e6;

function boundaries({ latency, units }: Findings): readonly BoundaryProfile[] {
  const profile = (kind: BoundaryProfile['kind']): BoundaryProfile => {
    const isolated = isolatedCost(units.shapes, kind);
    const inPlace = inPlaceCost(latency, kind);
    return { kind, ...(isolated !== undefined && { isolated }), ...(inPlace !== undefined && { inPlace }) };
  };
  return [profile('quantize'), profile('dequantize'), profile('reorder')];
}

/** What is read is quantized, what is made is dequantized; layouts change on either side. */
const PASSED: Readonly<Record<BoundaryProfile['kind'], (shape: MeasuredShape) => number>> = {
  quantize: ({ inputElements }) => inputElements,
  dequantize: ({ outputElements }) => outputElements,
  reorder: ({ inputElements, outputElements }) => inputElements + outputElements,
};

function isolatedCost(shapes: readonly MeasuredShape[], kind: keyof IsolatedTime & BoundaryProfile['kind']) {
  const costs = shapes.flatMap((shape) =>
    Object.values(shape.times).flatMap((time) =>
      time[kind] > 0 ? [(time[kind] * MEGABYTE) / (BYTES * PASSED[kind](shape))] : [],
    ),
  );
  return costs.length === 0 ? undefined : median(costs);
}

function inPlaceCost({ circuit, prediction, floatMs }: MeasuredLatency, kind: string): number | undefined {
  const costs = circuit.events.flatMap(({ event }) =>
    event.kind === kind && event.elements ? [perMegabyte(floatMs * eventShare(prediction, event), event)] : [],
  );
  return costs.length === 0 ? undefined : median(costs);
}

function perMegabyte(ms: number, { elements = 1 }: Event): number {
  return (ms * MEGABYTE) / (BYTES * elements);
}

/** What the sum of units alone would have predicted of the same plans. */
function naiveErrors({ net, latency: { plans }, units }: Findings): PredictionErrors | undefined {
  const alone = isolatedTimes(units);
  const compared = plans
    .filter(({ uniform }) => !uniform)
    .map(
      ({ formats, ratio }): Compared => ({
        predicted: naiveRatio(formatsOf(net, formats), alone),
        measured: ratio.value,
      }),
    );
  return units.shapes.length === 0 || compared.length === 0 ? undefined : predictionErrors(compared);
}
