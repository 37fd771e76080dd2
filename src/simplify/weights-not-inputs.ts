import { withoutListedWeights } from '../graph/constants.js';
import type { Model } from '../graph/model.js';
import { type Pass, unchanged } from './pass.js';

/**
 * Takes initializers off the list of graph inputs, where models before IR version 4 had to list them. In later models
 * a listed initializer is a default that the caller may replace, so it stays, and no pass treats it as a constant.
 */
export const weightsNotInputs: Pass = {
  name: 'weights-not-inputs',
  run(model: Model) {
    const { graph } = model;
    const listed = graph.inputs.filter((input) => graph.initializers.has(input.name));
    if (listed.length === 0) return unchanged(model);
    if (model.irVersion >= 4)
      return unchanged(
        model,
        listed.map((input) => `${input.name}: a default that callers may replace`),
      );
    return { model: withoutListedWeights(model), changes: listed.length, notes: [] };
  },
};
