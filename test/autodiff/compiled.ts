import type { Program } from '../../src/autodiff/program.js';
import { toModel } from '../../src/autodiff/write/to-model.js';
import { encodeModel } from '../../src/graph/to-onnx.js';
import { ortRuntime } from '../../src/runtime/ort.js';
import type { Session, TensorMap } from '../../src/runtime/session.js';
import { toDouble } from '../support/double.js';
import type { Vector } from './directions.js';

/** Runs programs in ONNX Runtime; each is written and opened once. */
export interface Workbench {
  /** Takes from `feeds` what the program reads. Outputs are those asked for, all when left out. */
  run(program: Program, feeds: TensorMap, outputs?: readonly string[]): Promise<Vector>;
  close(): Promise<void>;
}

const PLAIN = { threads: 1, optimization: 'disabled' } as const;
/** With ONNX Runtime's own rewriting, as derivatives are run. */
const AS_RUN = { threads: 1 } as const;

/** In float64, as the graph stands; or in the program's own types, as ONNX Runtime optimises it. */
export function workbench(precision: 'float64' | 'own'): Workbench {
  const sessions = new Map<Program, Promise<Session>>();
  const opened = (program: Program) => {
    const session = sessions.get(program) ?? open(program, precision);
    sessions.set(program, session);
    return session;
  };
  return {
    async run(program, feeds, outputs = [...program.outputs.keys()]) {
      const session = await opened(program);
      const read = Object.fromEntries(program.inputs.map(({ name }) => [name, feeds[name]]));
      return session.run(read, outputs);
    },
    async close() {
      for (const session of sessions.values()) await (await session).close();
    },
  };
}

function open(program: Program, precision: 'float64' | 'own'): Promise<Session> {
  const model = toModel(program);
  return precision === 'float64'
    ? ortRuntime.open(encodeModel(toDouble(model)), PLAIN)
    : ortRuntime.open(encodeModel(model), AS_RUN);
}

/** One run of one program. */
export async function runOnce(program: Program, feeds: TensorMap, precision: 'float64' | 'own'): Promise<Vector> {
  const bench = workbench(precision);
  try {
    return await bench.run(program, feeds);
  } finally {
    await bench.close();
  }
}
