import type { JobHandler } from './job.js';
import { ortRuntime } from './ort.js';
import { type NodeTime, type ProfileInput, profileModel } from './profile.js';

const profile: JobHandler<ProfileInput, readonly NodeTime[]> = ({ model, feeds, ...settings }) =>
  profileModel(ortRuntime, model, feeds, settings);

export default profile;
