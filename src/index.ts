/**
 * The whole job (`quantize` and its companions) and, below it, every stage on its own: each takes and returns plain data
 * that can be looked at, saved and fed to the next. examples/stages.ts walks through them.
 */
export { calibrate } from './calibrate/methods.js';
export { observe } from './calibrate/observe.js';
export type { DataOptions } from './data/data-options.js';
export type { Dataset, PreparedSet, Sample } from './data/dataset.js';
export { createMetric } from './data/metrics/table.js';
export { openDataset } from './data/open.js';
export { prepare } from './data/prepared.js';
export { checkKernels } from './emit/check-kernels.js';
export { createEmitter, emit } from './emit/emitter.js';
export type { Comparison } from './evaluate/compare.js';
export { createEvaluator } from './evaluate/evaluator.js';
export type { Outcomes } from './evaluate/outcomes.js';
export { pairedLoss } from './evaluate/paired-loss.js';
export { loadModel } from './graph/from-onnx.js';
export type { Graph, Model, Node } from './graph/model.js';
export { printModel } from './graph/print.js';
export { saveModel } from './graph/to-onnx.js';
export { upgradeOpset } from './graph/upgrade.js';
export { inspect } from './inspect.js';
export { BitloomError, type Problem } from './kernel/errors.js';
export type { Observer, Progress } from './kernel/observer.js';
export { loadTarget } from './latency/load-target.js';
export type { BenchOptions, CompareOptions, EvaluateOptions, QuantizeOptions } from './options.js';
export { bench } from './pipeline/bench.js';
export { compare } from './pipeline/compare.js';
export { evaluate } from './pipeline/evaluate.js';
export { type OpenedModel, openModel } from './pipeline/open-model.js';
export { type QuantizeResult, quantize } from './pipeline/quantize.js';
export type { Format } from './quantize/formats.js';
export { makePlan, uniformFormats, valuesToObserve } from './quantize/make-plan.js';
export type { Plan } from './quantize/plan.js';
export type { Unit } from './quantize/unit.js';
export { findUnits } from './quantize/units.js';
export type { Evaluation } from './report/evaluation.js';
export type { Inspection } from './report/inspection.js';
export type { Preview } from './report/preview.js';
export type { Report } from './report/schema.js';
export type { BenchResult } from './runtime/bench.js';
export { localExecutor } from './runtime/executor.js';
export { optimizeModel } from './runtime/optimized.js';
export { ortRuntime } from './runtime/ort.js';
export { bisection } from './search/bisection.js';
export { greedy } from './search/greedy.js';
export { rank } from './sensitivity/rank.js';
export { simplify } from './simplify/simplify.js';
