const scratch = new DataView(new ArrayBuffer(8));

/** IEEE 754 binary16 bits to a number. */
export function float16ToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** A number to IEEE 754 binary16 bits, rounded to nearest even; beyond 65504 it becomes infinite. */
export function numberToFloat16(value: number): number {
  scratch.setFloat64(0, value);
  const sign = (scratch.getUint32(0) >>> 16) & 0x8000;
  const magnitude = Math.abs(value);
  if (Number.isNaN(value)) return 0x7e00;
  if (magnitude >= 65520) return sign | 0x7c00;
  const exponent = Math.max(-14, Math.floor(Math.log2(magnitude || 2 ** -30)));
  const steps = roundHalfEven(magnitude / 2 ** (exponent - 10));
  if (steps < 1024) return sign | steps;
  const carried = steps === 2048 ? exponent + 1 : exponent;
  return sign | ((carried + 15) << 10) | (steps === 2048 ? 0 : steps - 1024);
}

/** Round to nearest, ties to even: what ONNX Runtime's QuantizeLinear does. */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
