import { STAGES } from '../options.js';
import { printProfile } from '../report/profile.js';
import { stageCommand } from './stage-command.js';

export const profileCommand = stageCommand({
  name: 'profile',
  says: 'Measure where time goes: each unit alone and in place, boundaries, and how well plans are predicted.',
  example: 'bitloom profile model.onnx --threads 1',
  options: STAGES.profile,
  run: async (options, observer, signal) =>
    (await import('../pipeline/profile/profile.js')).profile(options, observer, { signal }),
  print: printProfile,
});
