import { expect } from 'vitest';
import { broken, measureAdjoint } from '../autodiff/laws.js';
import { lightSubject, operatorErrors, SINGLE } from '../autodiff/model-laws.js';
import { everyBackendModel } from './backend-suite.js';

/** Of the light networks what float32 shows at once; `bench/autodiff/conformance.ts` measures all laws on all of them. */
everyBackendModel(
  'derivatives of ONNX backend models',
  new URL('./derivatives-exclusions.txt', import.meta.url),
  async (backendCase) => {
    const errors = backendCase.name.startsWith('light/')
      ? broken({ adjoint: await measureAdjoint(await lightSubject(backendCase.model, 'own')) }, SINGLE)
      : broken(await operatorErrors(backendCase));
    expect(errors).toEqual([]);
  },
);
