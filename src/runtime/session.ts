import type { Value } from '../graph/model.js';
import type { Tensor } from '../kernel/tensor.js';

export type TensorMap = Readonly<Record<string, Tensor>>;

export interface SessionOptions {
  /** Threads inside one operator. */
  readonly threads?: number;
  /** ONNX Runtime's own levels; `all` is what users run and the default. */
  readonly optimization?: 'disabled' | 'basic' | 'extended' | 'all';
  /** Where ONNX Runtime writes the graph that it will execute. */
  readonly optimizedModelPath?: string;
  /** Turns per-node profiling on; the file is named when the session closes. */
  readonly profilePrefix?: string;
  /** Lets idle threads sleep as soon as a run ends: where several sessions take turns they would slow the next one. */
  readonly sleepBetweenRuns?: boolean;
  /**
   * Memory is taken as a run goes, not planned as one block after the first run beside what that one took. As fast, and
   * 40 % less where many values are held (ADR 0120).
   */
  readonly unplannedMemory?: boolean;
}

/** A model that is loaded and can run. */
export interface Session {
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  /**
   * Runs once; `fetch` names the outputs wanted, all when left out, or gives tensors of the right type and shape whose
   * bytes the outputs are written to.
   */
  run(feeds: TensorMap, fetch?: readonly string[] | TensorMap): Promise<TensorMap>;
  close(): Promise<void>;
}

/** The one interface behind which ONNX Runtime stands. */
export interface Runtime {
  readonly name: string;
  readonly version: string;
  readonly provider: string;
  /** `model` is a path (external data is found beside it) or the bytes of a model without external data. */
  open(model: string | Uint8Array, options?: SessionOptions): Promise<Session>;
}
