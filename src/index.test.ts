import { expect, it } from 'vitest';
import * as bitloom from './index.js';

it('publishes these names, and taking one away is a breaking change', () => {
  expect(Object.keys(bitloom).sort()).toMatchInlineSnapshot(`
    [
      "BitloomError",
      "bench",
      "bisection",
      "calibrate",
      "checkKernels",
      "compare",
      "createEmitter",
      "createEvaluator",
      "createMetric",
      "emit",
      "evaluate",
      "findUnits",
      "greedy",
      "inspect",
      "loadModel",
      "loadTarget",
      "localExecutor",
      "makePlan",
      "observe",
      "openDataset",
      "openModel",
      "optimizeModel",
      "ortRuntime",
      "pairedLoss",
      "prepare",
      "printModel",
      "profile",
      "quantize",
      "rank",
      "saveModel",
      "simplify",
      "uniformFormats",
      "upgradeOpset",
      "valuesToObserve",
    ]
  `);
});
