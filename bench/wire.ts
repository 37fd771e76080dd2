/**
 * How long a model takes to decode and to encode, and how much memory: `npx tsx bench/wire.ts [model.onnx ...]`.
 * Each step runs in a process of its own, whose largest resident size is set against that of a process which only
 * loads the code. Without arguments: ResNet50 from ../shared, and synthetic models of 100 MB (raw data; float_data).
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { create, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import { loadModel } from '../src/graph/from-onnx.js';
import type { Model } from '../src/graph/model.js';
import { encodeModel, saveModel } from '../src/graph/to-onnx.js';
import { tensor } from '../src/kernel/tensor.js';
import { rope } from '../src/onnx/wire.js';
import { writeFiles } from '../src/onnx/write-file.js';

const RESNET50 = '../shared/models/resnet50-imagenet.onnx';
const LAYERS = 50;
const WEIGHTS_A_LAYER = 500_000;

interface Step {
  readonly seconds: number;
  readonly peakBytes: number;
}

/** A step prepares what it needs, then answers the work to be timed. */
const STEPS: Readonly<Record<string, (path: string, folder: string) => Promise<() => unknown>>> = {
  idle: async () => () => undefined,
  decode: async (path) => () => loadModel(path),
  encode: async (path) => {
    const model = await loadModel(path);
    return () => encodeModel(model);
  },
  save: async (path, folder) => {
    const model = await loadModel(path);
    return () => saveModel(model, join(folder, 'saved.onnx'));
  },
};

async function runStep(name: string, path: string, folder: string): Promise<Step> {
  const work = await STEPS[name](path, folder);
  const start = performance.now();
  await work();
  const seconds = (performance.now() - start) / 1000;
  return { seconds, peakBytes: process.resourceUsage().maxRSS * 1024 };
}

function inChild(name: string, path: string, folder: string): Step {
  const argv = ['--import', 'tsx', fileURLToPath(import.meta.url), '--step', name, path, folder];
  return JSON.parse(execFileSync(process.execPath, argv, { encoding: 'utf8' }));
}

function report(path: string, folder: string): void {
  const megabytes = statSync(path).size / 1e6;
  const idle = inChild('idle', path, folder).peakBytes;
  console.log(`${path}: ${megabytes.toFixed(0)} MB`);
  for (const name of ['decode', 'encode', 'save']) {
    const { seconds, peakBytes } = inChild(name, path, folder);
    const above = (peakBytes - idle) / 1e6;
    const total = (peakBytes / 1e6 / megabytes).toFixed(2);
    const times = (above / megabytes).toFixed(2);
    console.log(
      `  ${name}  ${seconds.toFixed(3)} s  peak ${total} x the file in all, ${times} x above an idle process`,
    );
  }
}

/** A chain of MatMuls, as raw data. */
function syntheticModel(): Model {
  const names = Array.from({ length: LAYERS }, (_, i) => `w${i}`);
  const data = Float32Array.from({ length: WEIGHTS_A_LAYER }, (_, i) => Math.sin(i));
  return {
    graph: {
      name: 'synthetic',
      inputs: [],
      outputs: [],
      nodes: names.map((name) => ({
        name: `use_${name}`,
        op: 'Identity',
        domain: '',
        inputs: [name],
        outputs: [`${name}_out`],
        attributes: new Map(),
      })),
      initializers: new Map(names.map((name) => [name, tensor('float32', [WEIGHTS_A_LAYER], data)])),
      sparseInitializers: new Map(),
      types: new Map(),
    },
    opsets: new Map([['', 17]]),
    functions: [],
    irVersion: 8,
    metadata: new Map(),
  };
}

/** The same weights as numbers in `float_data`, as older exporters write them. */
function typedModel(): Uint8Array {
  const floatData = Array.from({ length: WEIGHTS_A_LAYER }, (_, i) => Math.sin(i));
  const dims = [BigInt(WEIGHTS_A_LAYER)];
  const initializer = Array.from({ length: LAYERS }, (_, i) => ({ name: `w${i}`, dataType: 1, dims, floatData }));
  const opsetImport = [{ domain: '', version: 17n }];
  return toBinary(ModelProtoSchema, create(ModelProtoSchema, { irVersion: 8n, opsetImport, graph: { initializer } }));
}

async function main(argv: readonly string[]): Promise<void> {
  if (argv[0] === '--step') {
    console.log(JSON.stringify(await runStep(argv[1], argv[2], argv[3])));
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'bitloom-wire-'));
  try {
    for (const path of argv.length > 0 ? argv : await defaultModels(folder)) report(path, folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function defaultModels(folder: string): Promise<string[]> {
  const raw = join(folder, 'raw.onnx');
  const typed = join(folder, 'float_data.onnx');
  await saveModel(syntheticModel(), raw);
  await writeFiles([{ path: typed, content: rope(typedModel()) }]);
  return [...(existsSync(RESNET50) ? [RESNET50] : []), raw, typed];
}

await main(process.argv.slice(2));
