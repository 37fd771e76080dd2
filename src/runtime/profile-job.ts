import { feedsFor } from './feeds.js';
import type { JobHandler } from './job.js';
import { ortRuntime } from './ort.js';
import { type NodeTime, type ProfileInput, profileInTurns } from './profile.js';

const profile: JobHandler<ProfileInput, readonly (readonly NodeTime[])[], number> = (input, { emit }) =>
  profileInTurns(ortRuntime, input.models, (inputs) => feedsFor(inputs, input.feeds), input, emit);

export default profile;
