import { expect, it } from 'vitest';
import * as bitloom from './index.js';

it('publishes these names, and taking one away is a breaking change', () => {
  expect(Object.keys(bitloom).sort()).toMatchInlineSnapshot(`
    [
      "BitloomError",
      "additive",
      "bench",
      "bisection",
      "calibrate",
      "checkKernels",
      "compare",
      "costOf",
      "createEmitter",
      "createEvaluator",
      "createMetric",
      "emit",
      "evaluate",
      "findUnits",
      "frontier",
      "greedy",
      "inspect",
      "loadModel",
      "loadTarget",
      "localExecutor",
      "makePlan",
      "measureSplit",
      "minimise",
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
