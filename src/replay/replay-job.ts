import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { JobHandler } from '../runtime/job.js';
import type { ReplayInput, ReplayRows, ReplayTotals } from './replay-input.js';
import { runWave } from './wave.js';

/**
 * Runs a program over blocks of samples. Under one state, all blocks go through together, so that each part of the model is opened once;
 * where states are many, as many blocks as the memory holds.
 */
const replay: JobHandler<ReplayInput, ReplayTotals, ReplayRows> = async (input, context) => {
  const folder = await mkdtemp(join(input.folder, 'held-'));
  const { blocks, memory } = input;
  const totals = { spilledBytes: 0, peakBytes: 0 };
  const before = process.cpuUsage();
  try {
    let size = input.program.stages.some(({ ends }) => ends.length > 0) ? 1 : blocks.length;
    for (let first = 0; first < blocks.length; first += size) {
      if (first > 0) size = Math.max(1, Math.floor((memory * size) / totals.peakBytes));
      const held = await runWave({ ...input, folder, blocks: blocks.slice(first, first + size) }, context);
      totals.spilledBytes += held.spilledBytes;
      totals.peakBytes = Math.max(totals.peakBytes, held.peakBytes);
    }
    const { user, system } = process.cpuUsage(before);
    return { ...totals, cpuSeconds: (user + system) / 1e6 };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

export default replay;
