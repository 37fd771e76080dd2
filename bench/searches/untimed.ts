/**
 * For `measureWith` where `quantize` is asked for a model and not for its speed: nothing is decided by a time there, and
 * the model is timed afterwards in turns with all others.
 */
// biome-ignore lint/style/noDefaultExport: this is how `measureWith` finds a module's function.
export default function untimed(): number {
  return 1;
}
