import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { TensorProtoSchema } from 'onnx-buf';
import type { Model } from '../../src/graph/model.js';
import type { Feeds } from '../../src/graph/observe.js';
import { type Tensor, tensor } from '../../src/kernel/tensor.js';
import { noExternalFiles } from '../../src/onnx/external.js';
import { indexBytes } from '../../src/onnx/payloads.js';
import { fromTensorProto } from '../../src/onnx/tensor-proto.js';

/** A model of ONNX's backend tests, with the files of its inputs and outputs. */
export interface BackendCase {
  /** `<suite>/<case>`, as the exclusion list writes it. */
  readonly name: string;
  readonly model: string;
  readonly sets: readonly BackendSet[];
}

/** The light models store no input: it is then made up as ONNX's own runner does. */
export interface BackendSet {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

const SUITES = ['simple', 'pytorch-operator', 'pytorch-converted'] as const;

export function backendCases(root: string): readonly BackendCase[] {
  return [...SUITES.flatMap((suite) => folderCases(join(root, suite), suite)), ...lightCases(join(root, 'light'))];
}

function folderCases(folder: string, suite: string): BackendCase[] {
  return readdirSync(folder).map((name) => {
    const path = join(folder, name);
    const sets = readdirSync(path).filter((entry) => entry.startsWith('test_data_set_'));
    return {
      name: `${suite}/${name}`,
      model: join(path, 'model.onnx'),
      sets: sets.map((set) => ({
        inputs: numbered(join(path, set), 'input'),
        outputs: numbered(join(path, set), 'output'),
      })),
    };
  });
}

function lightCases(folder: string): BackendCase[] {
  const models = readdirSync(folder).filter((entry) => entry.endsWith('.onnx'));
  return models.map((model) => {
    const name = basename(model, '.onnx');
    const outputs = [join(folder, `${name}_output_0.pb`)];
    return { name: `light/${name}`, model: join(folder, model), sets: [{ inputs: [], outputs }] };
  });
}

function numbered(folder: string, kind: 'input' | 'output'): string[] {
  const paths: string[] = [];
  for (let i = 0; existsSync(join(folder, `${kind}_${i}.pb`)); i++) paths.push(join(folder, `${kind}_${i}.pb`));
  return paths;
}

export function readTensor(path: string): Tensor {
  const proto = fromBinary(TensorProtoSchema, new Uint8Array(readFileSync(path)));
  const payloads = [proto.rawData];
  if (proto.rawData.length > 0) proto.rawData = indexBytes(0);
  return fromTensorProto(proto, { payloads, external: noExternalFiles });
}

/** What ONNX's runner feeds a light model: `i / n` for element i of n. */
export function rampInput(model: Model): Record<string, Tensor> {
  const open = model.graph.inputs.filter(({ name }) => !model.graph.initializers.has(name));
  return Object.fromEntries(
    open.map(({ name, type }) => {
      const shape = type?.kind === 'tensor' ? (type.shape ?? []) : [];
      const dims = shape.map((dim) => (typeof dim === 'number' ? dim : 1));
      const count = dims.reduce((product, dim) => product * dim, 1);
      return [
        name,
        tensor(
          'float32',
          dims,
          Float32Array.from({ length: count }, (_, i) => i / count),
        ),
      ];
    }),
  );
}

/** The inputs that a caller has to feed; the light models store none. */
export function feedsOf(model: Model, set: BackendSet): Feeds {
  if (set.inputs.length === 0 && set.outputs.some((path) => path.includes('light_'))) return rampInput(model);
  const open = model.graph.inputs.filter(({ name }) => !model.graph.initializers.has(name));
  return Object.fromEntries(set.inputs.slice(0, open.length).map((path, i) => [open[i].name, readTensor(path)]));
}

/** Lines of `<suite>/<case>: reason`, or `<suite>/<case> [without locale X]: reason` for machines that lack it. */
export function readExclusions(path: URL): ReadonlyMap<string, string> {
  const lines = readFileSync(path, 'utf8').split('\n');
  const entries = lines.filter((line) => line.trim() !== '' && !line.startsWith('#')).map(parseExclusion);
  const here = entries.filter(({ locale }) => locale === undefined || !locales().has(canonical(locale)));
  return new Map(here.map(({ name, reason }) => [name, reason]));
}

function parseExclusion(line: string): { name: string; locale?: string; reason: string } {
  const { name, locale, reason } =
    /^(?<name>\S+)(?: \[without locale (?<locale>.+)\])?: (?<reason>.+)$/.exec(line)?.groups ?? {};
  if (!name || !reason) throw new Error(`no case and reason in '${line}'`);
  return { name, reason, ...(locale ? { locale } : {}) };
}

function locales(): ReadonlySet<string> {
  const { stdout } = spawnSync('locale', ['-a'], { encoding: 'utf8' });
  return new Set((stdout ?? '').split('\n').map(canonical));
}

/** `en_US.UTF-8` and `en_US.utf8` are the same. */
function canonical(locale: string): string {
  return locale.toLowerCase().replaceAll('-', '');
}
