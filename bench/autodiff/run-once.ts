import type { RunModel } from '../../src/graph/observe.js';
import { ortRuntime } from '../../src/runtime/ort.js';

/** One run on one thread. */
export const runOnce: RunModel = async (model, feeds) => {
  const session = await ortRuntime.open(model, { threads: 1 });
  try {
    return await session.run(feeds);
  } finally {
    await session.close();
  }
};
