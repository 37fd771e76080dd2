import type { JobHandler } from './job.js';
import { type OptimizeInput, optimizeModel } from './optimized.js';
import { ortRuntime } from './ort.js';

const optimize: JobHandler<OptimizeInput, string> = (input) => optimizeModel(ortRuntime, input);

export default optimize;
