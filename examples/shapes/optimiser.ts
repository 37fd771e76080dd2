/** Adam with decoupled weight decay (Loshchilov and Hutter 2019, arXiv 1711.05101). */
export interface Optimiser {
  /** Moves `weights` in place against `gradient`. */
  step(name: string, weights: Float32Array, gradient: Float32Array, rate: number): void;
}

interface Moments {
  readonly first: Float32Array;
  readonly second: Float32Array;
  steps: number;
}

export interface AdamOptions {
  readonly decay: number;
  /** Parameters that are pulled towards 0: weights, not scales and shifts. */
  readonly decays: (name: string) => boolean;
}

const FIRST = 0.9;
const SECOND = 0.98;
const TINY = 1e-8;

export function adam({ decay, decays }: AdamOptions): Optimiser {
  const moments = new Map<string, Moments>();
  return {
    step(name, weights, gradient, rate) {
      const state = moments.get(name) ?? freshMoments(weights.length);
      moments.set(name, state);
      state.steps++;
      update(weights, gradient, state, rate, decays(name) ? 1 - rate * decay : 1);
    },
  };
}

function freshMoments(length: number): Moments {
  return { first: new Float32Array(length), second: new Float32Array(length), steps: 0 };
}

function update(weights: Float32Array, gradient: Float32Array, state: Moments, rate: number, keep: number): void {
  const { first, second } = state;
  const step = rate / (1 - FIRST ** state.steps);
  const correction = 1 / (1 - SECOND ** state.steps);
  for (let i = 0; i < weights.length; i++) {
    first[i] = FIRST * first[i] + (1 - FIRST) * gradient[i];
    second[i] = SECOND * second[i] + (1 - SECOND) * gradient[i] * gradient[i];
    weights[i] = weights[i] * keep - (step * first[i]) / (Math.sqrt(second[i] * correction) + TINY);
  }
}

/** Rises in a straight line over the first `warmup` share of the steps, then falls to 0 along half a cosine. */
export function cosineRate(step: number, steps: number, peak: number, warmup = 0.08): number {
  const rising = Math.max(1, Math.round(warmup * steps));
  if (step < rising) return (peak * (step + 1)) / rising;
  return (peak * (1 + Math.cos((Math.PI * (step - rising)) / (steps - rising)))) / 2;
}
