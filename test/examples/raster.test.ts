import { describe, expect, it } from 'vitest';
import { samplesOf } from '../../examples/shapes/dataset.js';
import { OUTLINES, SHAPE_NAMES } from '../../examples/shapes/outlines.js';
import { CHANNELS, draw, SIZE } from '../../examples/shapes/raster.js';

describe('outlines', () => {
  it.each(SHAPE_NAMES)('%s lies within the unit circle and covers a good part of it', (name) => {
    const outline = OUTLINES[name];
    let inside = 0;
    for (let y = -1.5; y <= 1.5; y += 0.05) {
      for (let x = -1.5; x <= 1.5; x += 0.05) {
        if (outline(x, y) >= 0) continue;
        expect(x * x + y * y).toBeLessThan(1.01);
        inside++;
      }
    }
    expect(inside * 0.05 ** 2).toBeGreaterThan(0.5);
  });

  it.each(SHAPE_NAMES)('%s is a distance near its outline: it changes by at most the way walked', (name) => {
    const outline = OUTLINES[name];
    for (let angle = 0; angle < 6.3; angle += 0.1) {
      for (let radius = 0.3; radius < 1.2; radius += 0.01) {
        const here = outline(radius * Math.cos(angle), radius * Math.sin(angle));
        const there = outline((radius + 0.01) * Math.cos(angle), (radius + 0.01) * Math.sin(angle));
        if (Math.abs(here) < 0.05) expect(Math.abs(there - here)).toBeLessThan(0.013);
      }
    }
  });
});

describe('draw', () => {
  it('draws the same for the same seed and number, whatever was drawn before', () => {
    const first = draw(5, 17);
    draw(5, 3);
    expect(draw(5, 17)).toEqual(first);
    expect(draw(5, 18).pixels).not.toEqual(first.pixels);
    expect(draw(6, 17).pixels).not.toEqual(first.pixels);
  });

  it('gives values in [-1, 1] for every pixel', () => {
    const { pixels } = draw(1, 1);
    expect(pixels).toHaveLength(CHANNELS * SIZE * SIZE);
    expect(pixels.every((value) => value >= -1 && value <= 1)).toBe(true);
    expect(Math.max(...pixels) - Math.min(...pixels)).toBeGreaterThan(0.2);
  });

  it('draws each class about equally often', () => {
    const counts = SHAPE_NAMES.map(() => 0);
    for (let i = 0; i < 1200; i++) counts[draw(9, i, 0).label]++;
    expect(Math.min(...counts)).toBeGreaterThan(60);
    expect(Math.max(...counts)).toBeLessThan(140);
  });
});

describe('samplesOf', () => {
  it('gives the drawings of the seed in order, labelled', async () => {
    const samples = [];
    for await (const sample of samplesOf({ seed: 3, length: 3 })) samples.push(sample);
    expect(samples.map(({ label }) => label)).toEqual([0, 1, 2].map((index) => draw(3, index).label));
    expect(samples[2].inputs.images).toEqual(draw(3, 2).pixels);
    expect(new Set(samples.map(({ id }) => id)).size).toBe(3);
  });
});
