import { type Random, random } from '../../src/kernel/random.js';
import { OUTLINES, type Outline, polygon, SHAPE_NAMES } from './outlines.js';

/** Pixels a side. */
export const SIZE = 48;
export const CHANNELS = 3;

const BLACK: Colour = [0, 0, 0];
const PIXELS = SIZE * SIZE;

/** What makes the task hard. All lengths are in pixels, colours in [0, 1]. */
const SCENE = {
  radius: [7, 18],
  /** Furthest that a shape's centre lies from the image's, along each axis. */
  offset: 10,
  /** How far the two axes of a shape may be stretched apart. */
  stretch: 0.24,
  /** How much brighter than the mean background a shape is at least. */
  contrast: 0.13,
  /** Strokes behind and in front of the shape. */
  strokesBehind: 3,
  strokesInFront: 2,
  strokeWidth: [0.6, 2.2],
  blobs: 3,
  noise: [0.02, 0.11],
} as const;

export interface Drawing {
  readonly label: number;
  /** [3, 48, 48], RGB scaled from [0, 1] to [-1, 1]. */
  readonly pixels: Float32Array;
}

type Colour = readonly [red: number, green: number, blue: number];

/** Colour along a direction: `from` at the upper left of the gradient, `to` at its end. */
interface Paint {
  readonly from: Colour;
  readonly to: Colour;
  /** Share of the way that one pixel to the right, or down, goes. */
  readonly right: number;
  readonly down: number;
}

/** Where an outline stands: its unit circle becomes an ellipse with these radii, turned, about (x, y). */
interface Placement {
  readonly x: number;
  readonly y: number;
  readonly radiusX: number;
  readonly radiusY: number;
  readonly angle: number;
}

/**
 * The drawing with this number in the series of this seed: the same on every machine, in any order of asking.
 * `clutter` from 0 to 1 is how much of the noise, strokes and blobs there is: training begins with little.
 */
export function draw(seed: number, index: number, clutter = 1): Drawing {
  const source = random(streamSeed(seed, index));
  const some = (most: number) => source.below(Math.round(most * clutter) + 1);
  const label = source.below(SHAPE_NAMES.length);
  const canvas = new Float32Array(CHANNELS * PIXELS);
  const ground = groundPaint(source);
  fill(canvas, ground);
  for (let i = some(SCENE.blobs); i > 0; i--) drawBlob(canvas, source);
  for (let i = some(SCENE.strokesBehind); i > 0; i--) drawStroke(canvas, source);
  stamp(canvas, OUTLINES[SHAPE_NAMES[label]], anyPlacement(source), paintAgainst(ground, source));
  for (let i = some(SCENE.strokesInFront); i > 0; i--) drawStroke(canvas, source);
  develop(canvas, clutter * between(source, SCENE.noise), source.below(2 ** 31));
  return { label, pixels: canvas };
}

/** Neighbouring numbers of neighbouring seeds must not share a stream: mix both (the finaliser of MurmurHash3). */
function streamSeed(seed: number, index: number): number {
  let mixed = Math.imul(seed ^ 0x2545f491, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca77);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

function between(source: Random, [low, high]: readonly [number, number]): number {
  return low + (high - low) * source.uniform();
}

function anyColour(source: Random): Colour {
  return [source.uniform(), source.uniform(), source.uniform()];
}

function mix(a: Colour, b: Colour, share: number): Colour {
  return [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share];
}

function brightness(colour: Colour): number {
  return (colour[0] + colour[1] + colour[2]) / 3;
}

function anyPaint(source: Random, strength: number, from = anyColour(source)): Paint {
  const angle = 2 * Math.PI * source.uniform();
  return {
    from,
    to: mix(from, anyColour(source), strength),
    right: Math.cos(angle) / SIZE,
    down: Math.sin(angle) / SIZE,
  };
}

/** A paint brighter than the ground's mean colour. Grounds are dark enough that there always is one. */
function paintAgainst(ground: Paint, source: Random): Paint {
  const dark = brightness(mix(ground.from, ground.to, 0.5));
  for (;;) {
    const colour = anyColour(source);
    if (brightness(colour) >= dark + SCENE.contrast) return anyPaint(source, 0.3, colour);
  }
}

/** Between black and two thirds of full brightness. */
function groundPaint(source: Random): Paint {
  const paint = anyPaint(source, 0.5);
  return { ...paint, from: mix(BLACK, paint.from, 2 / 3), to: mix(BLACK, paint.to, 2 / 3) };
}

function anyPlacement(source: Random): Placement {
  const radius = between(source, SCENE.radius);
  const stretch = 1 + SCENE.stretch * (source.uniform() - 0.5);
  const room = Math.min(SCENE.offset, Math.max(0, SIZE / 2 + 2 - radius));
  return {
    x: SIZE / 2 + room * (2 * source.uniform() - 1),
    y: SIZE / 2 + room * (2 * source.uniform() - 1),
    radiusX: radius * stretch,
    radiusY: radius / stretch,
    angle: 2 * Math.PI * source.uniform(),
  };
}

function drawBlob(canvas: Float32Array, source: Random): void {
  const radius = between(source, [2, 6]);
  const placement = {
    x: SIZE * source.uniform(),
    y: SIZE * source.uniform(),
    radiusX: radius,
    radiusY: radius * between(source, [0.5, 1]),
    angle: Math.PI * source.uniform(),
  };
  stamp(canvas, OUTLINES.circle, placement, anyPaint(source, 0.3));
}

/** A straight stroke, about as long as the image is wide or shorter. */
function drawStroke(canvas: Float32Array, source: Random): void {
  const length = between(source, [SIZE / 5, SIZE / 2]);
  const width = between(source, SCENE.strokeWidth) / length;
  const bar = polygon([
    [-1, -width],
    [1, -width],
    [1, width],
    [-1, width],
  ]);
  const placement = {
    x: between(source, [0, SIZE]),
    y: between(source, [0, SIZE]),
    radiusX: length,
    radiusY: length,
    angle: Math.PI * source.uniform(),
  };
  stamp(canvas, bar, placement, anyPaint(source, 0.3));
}

function fill(canvas: Float32Array, paint: Paint): void {
  for (let y = 0; y < SIZE; y++) for (let x = 0; x < SIZE; x++) blend(canvas, x, y, paint, 1);
}

/** Paints an outline's inside; a pixel that the outline crosses is covered by the share that lies inside. */
function stamp(canvas: Float32Array, outline: Outline, placement: Placement, paint: Paint): void {
  const cos = Math.cos(placement.angle);
  const sin = Math.sin(placement.angle);
  const reach = Math.max(placement.radiusX, placement.radiusY) * 1.42 + 1;
  const scale = Math.min(placement.radiusX, placement.radiusY);
  const right = Math.min(SIZE - 1, Math.ceil(placement.x + reach));
  const bottom = Math.min(SIZE - 1, Math.ceil(placement.y + reach));
  for (let y = Math.max(0, Math.floor(placement.y - reach)); y <= bottom; y++) {
    for (let x = Math.max(0, Math.floor(placement.x - reach)); x <= right; x++) {
      const dx = x + 0.5 - placement.x;
      const dy = y + 0.5 - placement.y;
      const outside = outline((cos * dx + sin * dy) / placement.radiusX, (cos * dy - sin * dx) / placement.radiusY);
      const cover = 0.5 - outside * scale;
      if (cover > 0) blend(canvas, x, y, paint, Math.min(1, cover));
    }
  }
}

function blend(canvas: Float32Array, x: number, y: number, paint: Paint, cover: number): void {
  const along = 0.5 + (x - SIZE / 2) * paint.right + (y - SIZE / 2) * paint.down;
  const share = Math.min(1, Math.max(0, along));
  for (let channel = 0; channel < CHANNELS; channel++) {
    const at = channel * PIXELS + y * SIZE + x;
    const colour = paint.from[channel] + (paint.to[channel] - paint.from[channel]) * share;
    canvas[at] += (colour - canvas[at]) * cover;
  }
}

/** Adds noise, clips to [0, 1] as a camera does, and scales to [-1, 1]. */
function develop(canvas: Float32Array, noise: number, seed: number): void {
  let state = seed;
  for (let i = 0; i < canvas.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    const value = canvas[i] + noise * bellShaped(state);
    canvas[i] = 2 * Math.min(1, Math.max(0, value)) - 1;
  }
}

/** Mean 0, variance 1 from 32 random bits: the sum of two uniforms, for a normal would cost as much as the drawing. */
function bellShaped(bits: number): number {
  const sum = (bits >>> 16) + (bits & 0xffff);
  return (sum / 0xffff - 1) * Math.sqrt(6);
}
