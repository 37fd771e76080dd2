import { expect, it } from 'vitest';
import { type LatencyProfile, printProfile } from './profile.js';

const errors = (median: number) => ({ plans: 30, median, p95: 3 * median, pairs: 400, ordered: 0.99 });

const PROFILE: LatencyProfile = {
  model: '/models/resnet.onnx',
  target: 'ort-cpu',
  runtime: 'onnxruntime-node 1.30.0',
  processor: 'AMD EPYC',
  threads: 2,
  inputs: 'made up',
  floatMs: 80,
  uniform: [{ format: 'w8a8', ratio: 0.3, low: 0.29, high: 0.31 }],
  units: [
    {
      name: 'a/very/long/name/that/goes/on/and/on/conv1',
      times: [
        { format: 'float', isolatedMs: 2, inPlaceMs: 2.5, ratio: 1 },
        { format: 'w8a8', inPlaceMs: 3, ratio: 1.2 },
      ],
    },
  ],
  boundaries: [
    { kind: 'quantize', isolated: 0.05, inPlace: 0.1 },
    { kind: 'reorder', isolated: 0.04 },
  ],
  floatFaster: [{ unit: 'a/very/long/name/that/goes/on/and/on/conv1', format: 'w8a8', ratio: 1.2 }],
  prediction: { heldOut: errors(0.011), naive: errors(0.045) },
  machine: { spread: 0.3, halfWidth: 0.12, restless: true },
  seconds: 73,
  measured: 29,
  recalled: 3,
  notes: ['happened in no profile, costed by their kind: quantize Relu_out, dequantize Relu_out and 20 more of them'],
};

it('shows a profile in 80 columns, and says what it does not know', () => {
  const text = printProfile(PROFILE);
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  expect(text).toMatchInlineSnapshot(`
    "/models/resnet.onnx
    ort-cpu: onnxruntime-node 1.30.0, AMD EPYC
    2 threads, made-up inputs, batch 1

      plan      ms    ratio (95 %)
      float     80.0                       1
      all w8a8  24.0  0.300 (0.290 .. 0.310)

    units

      unit                        format  alone ms  in place ms  ratio
      ...at/goes/on/and/on/conv1  float       2.00         2.50   1.00
                                  w8a8    ?                3.00   1.20

    boundaries, ms for 1 MB of floats

                alone   in place
      quantize  0.0500     0.100
      reorder   0.0400         -

    faster in float: 1 case

      unit                        format  ratio
      ...at/goes/on/and/on/conv1  w8a8     1.20

    error on 30 mixed plans that the prediction was not fitted to

                          median    95th  order right
      predicted            1.1 %   3.3 %       99.0 %
      sum of units alone   4.5 %  13.5 %       99.0 %

    note: happened in no profile, costed by their kind: quantize Relu_out,
    dequantize Relu_out and 20 more of them

    the machine was too restless to tell close plans apart
    ratios are known to 12.0 % (float's times spread by 30.0 %)

    1 min 13 s; 29 results measured, 3 known from before
    "
  `);
});

it('says it plainly where int8 wins everywhere and the machine was quiet', () => {
  const quiet = { spread: 0.01, halfWidth: 0.004, restless: false };
  const text = printProfile({ ...PROFILE, floatFaster: [], machine: quiet });
  expect(text).toContain('no unit is faster in float');
  expect(text).toContain("ratios are known to 0.4 % (float's times spread by 1.0 %)");
  expect(text).not.toContain('restless');
});
