/** `npm run demo`: quantizes the shipped network of shapes, and prints what was won and lost. */
import { quantize } from '../../src/pipeline/quantize.js';
import { demonstrate } from './demonstration.js';

await demonstrate(async (options) => (await quantize(options)).report, 'out/demo', console.log);
