/** What a measurement under way says. */
import { type Observer, silent } from '../src/kernel/observer.js';

export const noting: Observer = { ...silent, note: (text) => console.log(`  ${text}`) };

/** Stages with the time of day, and every trace. */
export const tracing: Observer = {
  ...noting,
  stage: (name) => console.log(`  ${new Date().toISOString().slice(11, 19)} ${name}`),
  trace: (text) => console.log(`  ${text}`),
};
