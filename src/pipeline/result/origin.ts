import { cpus, totalmem } from 'node:os';
import type { Report } from '../../report/schema.js';
import { processorName } from '../../runtime/cores.js';
import { ortRuntime } from '../../runtime/ort.js';
import { packageVersion } from '../../store/code-version.js';

/** What made a figure. */
export function versions(): Report['versions'] {
  return { bitloom: packageVersion(), [ortRuntime.name]: ortRuntime.version, node: process.versions.node };
}

/** Where a figure was measured. */
export function machine(): Report['machine'] {
  return {
    cpu: processorName(),
    cores: cpus().length,
    memoryBytes: totalmem(),
    platform: `${process.platform}-${process.arch}`,
  };
}
