import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { buildModel, value } from '../graph/build.js';
import type { Model } from '../graph/model.js';
import { encodeModel, saveModel } from '../graph/to-onnx.js';
import type { DType } from '../kernel/dtype.js';
import { describeProblem } from '../kernel/errors.js';
import { floats, fromNumbers, ints, type NumericDType, type Tensor, tensor, toNumbers } from '../kernel/tensor.js';
import { ortRuntime } from './ort.js';
import { loadProblem } from './ort-errors.js';

const folder = mkdtempSync(join(tmpdir(), 'bitloom-ort-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** y = op(x), x and y of this dtype. */
function unary(op: string, dtype: DType, domain = ''): Model {
  const head = {
    inputs: [value('x', dtype, ['N', 3])],
    outputs: [value('y', dtype, ['N', 3])],
    ...(domain && { domains: { [domain]: 1 } }),
  };
  return buildModel(head, (edit) => edit.add({ op, domain, inputs: ['x'], outputs: ['y'], name: 'the node' }));
}

async function run(model: Model, x: Tensor): Promise<Tensor> {
  const session = await ortRuntime.open(encodeModel(model), { threads: 1 });
  const { y } = await session.run({ x });
  await session.close();
  return y;
}

describe('tensors', () => {
  const TYPES: readonly NumericDType[] = [
    'float32',
    'float64',
    'float16',
    'int8',
    'int16',
    'int32',
    'int64',
    'uint8',
    'uint16',
    'uint32',
    'uint64',
    'bool',
  ];

  it.each(TYPES)('of %s go in and out unchanged', async (dtype) => {
    const x = fromNumbers(dtype, [2, 3], [0, 1, 1, 0, 1, 0]);
    const y = await run(unary('Identity', dtype), x);
    expect(y).toMatchObject({ dtype, dims: [2, 3] });
    expect([...Array.from(toNumbers(y))]).toEqual([0, 1, 1, 0, 1, 0]);
  });

  it('of strings go in and out', async () => {
    const strings = ['a', 'é', ''].map((text) => new TextEncoder().encode(text));
    const y = await run(unary('Identity', 'string'), { dtype: 'string', dims: [1, 3], strings });
    expect(y).toEqual({ dtype: 'string', dims: [1, 3], strings });
  });

  it('that are not aligned or stand inside a larger buffer are read right', async () => {
    const bytes = new Uint8Array(21);
    bytes.set(new Uint8Array(Float32Array.of(1, 2, 3).buffer), 5);
    const x = { dtype: 'float32', dims: [1, 3], bytes: bytes.subarray(5, 17) } as const;
    expect(Array.from(toNumbers(await run(unary('Identity', 'float32'), x)))).toEqual([1, 2, 3]);
    const inside = tensor('float32', [1, 3], new Float32Array(8).fill(7).subarray(3, 6));
    expect(Array.from(toNumbers(await run(unary('Neg', 'float32'), inside)))).toEqual([-7, -7, -7]);
  });
});

describe('a session', () => {
  it('tells its inputs and outputs with their dynamic dimensions', async () => {
    const session = await ortRuntime.open(encodeModel(unary('Relu', 'float32')));
    expect(session.inputs).toEqual([value('x', 'float32', ['N', 3])]);
    expect(session.outputs).toEqual([value('y', 'float32', ['N', 3])]);
    await session.close();
  });

  it('reports everything that is wrong with its inputs, with what it expects', async () => {
    const session = await ortRuntime.open(encodeModel(unary('Relu', 'float32')));
    const given = session.run({ z: floats([1]) }, ['w']);
    await expect(given).rejects.toMatchObject({
      problems: [{ code: 'missing-input' }, { code: 'unknown-input' }, { code: 'unknown-output' }],
    });
    await expect(given).rejects.toThrow('inputs: x float32[N,3]');
    await expect(session.run({ x: ints([1, 2, 3], [1, 3]) })).rejects.toThrow(
      'tensor x: the model expects float32[N,3] and is given int64[1,3]',
    );
    await expect(session.run({ x: floats([1, 2]) })).rejects.toMatchObject({ code: 'wrong-input-shape' });
    await session.close();
  });

  it('names the node that fails in a run', async () => {
    const head = { inputs: [value('x', 'float32', ['N'])], outputs: [value('y', 'float32')] };
    const model = buildModel(head, (edit) => {
      const shape = edit.constant('shape', ints([7, 7]));
      edit.add({ op: 'Reshape', inputs: ['x', shape], outputs: ['y'], name: 'bend' });
    });
    const session = await ortRuntime.open(encodeModel(model));
    const failing = session.run({ x: floats([1, 2]) });
    await expect(failing).rejects.toMatchObject({
      code: 'run-failed',
      problems: [{ place: { node: 'bend', op: 'Reshape' } }],
    });
    await session.close();
  });

  it('writes the optimized model and the profile where it is told', async () => {
    const optimizedModelPath = join(folder, 'optimized.onnx');
    const session = await ortRuntime.open(encodeModel(unary('Relu', 'float32')), {
      optimizedModelPath,
      profilePrefix: join(folder, 'profile'),
    });
    await session.run({ x: floats([1, 2, 3], [1, 3]) });
    await session.close();
    expect(existsSync(optimizedModelPath)).toBe(true);
    expect(readdirSync(folder).some((name) => /^profile.*\.json$/.test(name))).toBe(true);
  });
});

describe('a model that does not open', () => {
  const open = (model: string | Uint8Array) => ortRuntime.open(model);

  it.each([
    ['is missing', join(folder, 'none.onnx'), 'file-not-found'],
    ['is no model', new Uint8Array(20).fill(255), 'not-onnx'],
    ['is cut off', encodeModel(unary('Relu', 'float32')).slice(0, 50), 'not-onnx'],
    ['has an unknown operator', encodeModel(unary('Bend', 'float32')), 'unknown-operator'],
    ['has an unknown domain', encodeModel(unary('Bend', 'float32', 'my.own')), 'unknown-operator'],
    ['has no kernel for a type', encodeModel(unary('Erf', 'float64')), 'no-kernel'],
    [
      'needs a newer opset',
      encodeModel({ ...unary('Relu', 'float32'), opsets: new Map([['', 99]]) }),
      'unsupported-opset',
    ],
    ['needs a newer IR', encodeModel({ ...unary('Relu', 'float32'), irVersion: 99 }), 'unsupported-ir-version'],
  ])('because it %s says so', async (_, model, code) => {
    await expect(open(model)).rejects.toMatchObject({ code });
  });

  it('names the file, the operator and its opset', async () => {
    const path = join(folder, 'bent.onnx');
    await saveModel(unary('Bend', 'float32'), path);
    await expect(open(path)).rejects.toThrow(/bent\.onnx.*Bend.*21/s);
    await expect(open(encodeModel(unary('Erf', 'float64')))).rejects.toThrow(/node the node \(Erf\).*opset 13/s);
  });

  it("keeps ONNX Runtime's own words where it knows no better", () => {
    const problem = loadProblem('something new', 'm.onnx');
    expect(describeProblem(problem)).toBe('m.onnx: ONNX Runtime: something new');
  });
});

it('prints nothing of its own, warnings and failures included', async () => {
  const path = join(folder, 'quiet.onnx');
  await saveModel(unary('Erf', 'float64'), path);
  const script = join(folder, 'quiet.mts');
  const runtime = new URL('./ort.ts', import.meta.url).href;
  writeFileSync(
    script,
    `const { ortRuntime } = await import(${JSON.stringify(runtime)});
     await ortRuntime.open(${JSON.stringify(path)}).catch((error) => console.log(error.code));`,
  );
  const printed = execFileSync(process.execPath, ['--import', 'tsx', script], { stdio: ['ignore', 'pipe', 'pipe'] });
  expect(printed.toString()).toBe('no-kernel\n');
});
