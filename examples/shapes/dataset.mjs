/**
 * Drawings for `bitloom --data examples/shapes/dataset.mjs`. Plain Node.js loads no TypeScript, so tsx, which the
 * project has for its own scripts, loads the rasteriser.
 */
import { tsImport } from 'tsx/esm/api';

const { SEEDS, samplesOf } = await tsImport('./dataset.ts', import.meta.url);

/** Enough for a split into calibration, selection and holdout that resolves a floor of 99.5 %. */
export const samples = () => samplesOf({ seed: SEEDS.module, length: 2000 });
