import { jobBeside } from './job.js';
import type { Runtime } from './session.js';

export interface OptimizeInput {
  readonly model: string;
  /** Where the optimized model is written. */
  readonly path: string;
  readonly threads: number;
}

/** `optimizeModel` in a worker: opening a large model takes a second in which nothing else would run. */
export const OPTIMIZE_JOB = jobBeside<OptimizeInput, string>('./optimize-job', import.meta.url);

/**
 * Writes the graph that ONNX Runtime executes for a model, all optimizations applied, and returns its path. It holds
 * for this machine: kernels are chosen by the processor.
 */
export async function optimizeModel(runtime: Runtime, { model, path, threads }: OptimizeInput): Promise<string> {
  const session = await runtime.open(model, { threads, optimization: 'all', optimizedModelPath: path });
  await session.close();
  return path;
}
