import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { noise, positive } from '../../test/support/prove-equal.js';
import { difference, runModel, runWith, SHARED } from '../../test/support/run-model.js';
import { buildModel, value } from '../graph/build.js';
import type { GraphEdit } from '../graph/edit.js';
import { loadModel } from '../graph/from-onnx.js';
import type { Model } from '../graph/model.js';
import { probeFeeds } from '../graph/observe.js';
import { encodeModel } from '../graph/to-onnx.js';
import { upgradeOpset } from '../graph/upgrade.js';
import { floats } from '../kernel/tensor.js';
import type { Pass } from './pass.js';
import { simplify } from './simplify.js';

const options = { evaluate: runModel };

function opCounts(model: Model): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const node of model.graph.nodes) counts[node.op] = (counts[node.op] ?? 0) + 1;
  return counts;
}

/** What ONNX Runtime makes of a model, by operator. */
async function optimized(model: Model): Promise<Readonly<Record<string, number>>> {
  const folder = await mkdtemp(join(tmpdir(), 'bitloom-simplify-'));
  try {
    const path = join(folder, 'optimized.onnx');
    await runWith(encodeModel(model), probeFeeds(model, 0), { optimization: 'extended', optimizedModelPath: path });
    return opCounts(await loadModel(path));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** LayerNorm and Gelu written out, as exporters before opsets 17 and 20 do, around a dense layer. */
function decomposed(): Model {
  const head = { inputs: [value('x', 'float32', ['N', 3, 8])], outputs: [{ name: 'y' }], opset: 13 };
  return buildModel(head, (edit) => {
    const scalar = (number: number) =>
      edit.add({ op: 'Constant', inputs: [], attributes: { value: floats([number], []) } });
    const mean = (input: string) => edit.add({ op: 'ReduceMean', inputs: [input], attributes: { axes: [-1] } });
    const centred = edit.add({ op: 'Sub', inputs: ['x', mean('x')] });
    const squared = edit.add({ op: 'Pow', inputs: [centred, scalar(2)] });
    const variance = edit.add({ op: 'Add', inputs: [mean(squared), scalar(1e-5)] });
    const unit = edit.add({ op: 'Div', inputs: [centred, edit.add({ op: 'Sqrt', inputs: [variance] })] });
    const scaled = edit.add({ op: 'Mul', inputs: [unit, edit.constant('gain', positive([8]))] });
    const normal = edit.add({ op: 'Add', inputs: [scaled, edit.constant('shift', noise([8]))] });
    gelu(edit, edit.add({ op: 'MatMul', inputs: [normal, edit.constant('w', noise([8, 8]))] }), scalar);
  });
}

function gelu(edit: GraphEdit, input: string, scalar: (number: number) => string): void {
  const divided = edit.add({ op: 'Div', inputs: [input, scalar(Math.SQRT2)] });
  const shifted = edit.add({ op: 'Add', inputs: [edit.add({ op: 'Erf', inputs: [divided] }), scalar(1)] });
  const product = edit.add({ op: 'Mul', inputs: [input, shifted] });
  edit.add({ op: 'Mul', inputs: [product, scalar(0.5)], outputs: ['y'] });
}

describe('simplify', () => {
  it('leaves the patterns that ONNX Runtime fuses as they are', async () => {
    const before = await optimized(decomposed());
    expect(before).toMatchObject({ LayerNormalization: 1, Gelu: 1 });
    for (const model of [decomposed(), upgradeOpset(decomposed())]) {
      expect(await optimized((await simplify(model, options)).model)).toEqual(before);
    }
  });

  it('brings a dense layer with a batch norm, as Keras writes it, down to one Gemm', async () => {
    const model = buildModel({ inputs: [value('x', 'float32', ['N', 3])], outputs: [{ name: 'y' }] }, (edit) => {
      const parameters = [positive([4]), noise([4]), noise([4]), positive([4])].map((item, i) =>
        edit.constant(`p${i}`, item),
      );
      const product = edit.add({ name: 'dense', op: 'MatMul', inputs: ['x', edit.constant('w', noise([3, 4]))] });
      const biased = edit.add({ op: 'Add', inputs: [product, edit.constant('b', noise([4]))] });
      edit.add({ op: 'BatchNormalization', inputs: [biased, ...parameters], outputs: ['y'] });
    });
    const { model: simple } = await simplify(model, options);
    expect(simple.graph.nodes).toMatchObject([{ name: 'dense', op: 'Gemm', outputs: ['y'] }]);
    expect([...simple.graph.initializers.keys()]).toEqual(['w', 'b']);
    const feeds = probeFeeds(model, 1);
    const [before, after] = [await runModel(encodeModel(model), feeds), await runModel(encodeModel(simple), feeds)];
    expect(difference(before, after)).toBeLessThan(2e-6);
  });

  it('reports every pass, and why a pattern was left alone', async () => {
    const model = buildModel({ inputs: [value('x', 'float32', ['N', 2, 4, 4])], outputs: [{ name: 'y' }] }, (edit) => {
      const parameters = [positive([2]), noise([2]), noise([2]), positive([2])].map((item, i) =>
        edit.constant(`p${i}`, item),
      );
      const same = edit.add({ op: 'Identity', inputs: ['x'] });
      edit.add({ name: 'norm', op: 'BatchNormalization', inputs: [same, ...parameters], outputs: ['y'] });
    });
    const { passes } = await simplify(model, options);
    expect(passes.find((pass) => pass.name === 'drop-identities')).toMatchObject({ changes: 1 });
    expect(passes.find((pass) => pass.name === 'fold-batch-norm')?.notes[0]).toContain('norm: no Conv');
  });

  it('names the pass that broke the graph, and refuses a graph that came broken', async () => {
    const spoil: Pass = {
      name: 'spoil',
      run: (model) => ({ model: { ...model, graph: { ...model.graph, nodes: [] } }, changes: 1, notes: [] }),
    };
    await expect(simplify(decomposed(), { ...options, passes: [spoil] })).rejects.toThrow(/after pass spoil/);
    const broken = { ...decomposed(), graph: { ...decomposed().graph, nodes: [] } };
    await expect(simplify(broken, options)).rejects.toThrow(/makes its output y/);
  });
});

/** Operators that must be gone, and a few that must stay, by model. */
const EXPECTED: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'models/resnet20-cifar10.onnx': { Conv: 19, Relu: 19, Add: 9, Gemm: 1 },
  'models/mobilenetv2-0.35-tinyimagenet.onnx': { Conv: 52, Clip: 35, Add: 10, Gemm: 1 },
  'models/squeezenet1.1-imagenet.onnx': { Conv: 26, Relu: 26, Concat: 8 },
  'models/gpt2-smiles.onnx': { MatMul: 25, LayerNormalization: 9, Softmax: 4 },
  'models/bert-mini-sst2.onnx': { MatMul: 32, Gemm: 2, ReduceMean: 18, Erf: 4 },
  'models/minilm-l6-sst2/onnx/model.onnx': { MatMul: 48, Gemm: 2, LayerNormalization: 13, Erf: 6 },
  'onnx-backend/light/light_shufflenet.onnx': { Conv: 49, Gemm: 1, Transpose: 16 },
};

describe.runIf(existsSync(SHARED))('simplified real models compute what they did', () => {
  it.each(Object.entries(EXPECTED))('%s', async (file, expected) => {
    const model = await loadModel(join(SHARED, file));
    const { model: simple } = await simplify(model, options);
    const counts = opCounts(simple);
    expect(counts).toMatchObject(expected);
    for (const gone of ['BatchNormalization', 'Constant', 'Identity', 'Dropout'])
      expect(counts).not.toHaveProperty(gone);
    expect((await simplify(simple, options)).passes.filter(({ changes }) => changes > 0)).toEqual([]);
    expect(simple.graph.outputs).toEqual(model.graph.outputs);
    const fed = model.graph.inputs.filter((input) => !model.graph.initializers.has(input.name));
    expect(simple.graph.inputs).toEqual(fed);
    const feeds = probeFeeds(model, 0);
    const [before, after] = [await runModel(encodeModel(model), feeds), await runModel(encodeModel(simple), feeds)];
    // Batch norms folded into 52 layers in a row move the outputs by 3e-6 of the largest; all else by nothing.
    expect(difference(before, after)).toBeLessThan(1e-5);
  });

  it.each(['models/bert-mini-sst2.onnx', 'models/minilm-l6-sst2/onnx/model.onnx'])(
    'ONNX Runtime still fuses what it did in %s',
    async (file) => {
      const model = await loadModel(join(SHARED, file));
      const [before, after] = [
        await optimized(model),
        await optimized((await simplify(upgradeOpset(model), options)).model),
      ];
      const fused = /LayerNorm|Gelu|Attention|Fused/;
      const counts = (all: Readonly<Record<string, number>>) =>
        Object.entries(all)
          .filter(([op]) => fused.test(op))
          .sort();
      expect(counts(after)).toEqual(counts(before));
      expect(counts(before).length).toBeGreaterThan(0);
    },
  );
});
