/** What a unit runs in. `wXaY`: X-bit weights, Y-bit activations; `w4`, `w8`: block-wise weights, float activations. */
export type Format =
  | 'float'
  | 'f16'
  | 'w8a8'
  | 'w8a8-dynamic'
  | 'w4a4'
  | 'w4a8'
  | 'w4a16'
  | 'w8a16'
  | 'w16a16'
  | 'w4'
  | 'w8';

export type Bits = 4 | 8 | 16;

export interface FormatSpec {
  /** `channel`: one scale an output channel; `block`: one scale a block of the reduced dimension. */
  readonly weight: { readonly bits: Bits; readonly per: 'channel' | 'block' } | 'float' | 'f16';
  /** `dynamic`: ranges are taken at run time, from each batch. */
  readonly activation: { readonly bits: Bits } | 'dynamic' | 'float' | 'f16';
  readonly says: string;
}

export const FORMATS: { readonly [F in Format]: FormatSpec } = {
  float: { weight: 'float', activation: 'float', says: 'float32, as given' },
  f16: { weight: 'f16', activation: 'f16', says: '16-bit floats' },
  w8a8: { weight: { bits: 8, per: 'channel' }, activation: { bits: 8 }, says: '8-bit weights and activations' },
  'w8a8-dynamic': {
    weight: { bits: 8, per: 'channel' },
    activation: 'dynamic',
    says: '8 bits, activation ranges taken at run time',
  },
  w4a4: { weight: { bits: 4, per: 'channel' }, activation: { bits: 4 }, says: '4-bit weights and activations' },
  w4a8: { weight: { bits: 4, per: 'channel' }, activation: { bits: 8 }, says: '4-bit weights, 8-bit activations' },
  w4a16: { weight: { bits: 4, per: 'channel' }, activation: { bits: 16 }, says: '4-bit weights, 16-bit activations' },
  w8a16: { weight: { bits: 8, per: 'channel' }, activation: { bits: 16 }, says: '8-bit weights, 16-bit activations' },
  w16a16: { weight: { bits: 16, per: 'channel' }, activation: { bits: 16 }, says: '16-bit integers' },
  w4: { weight: { bits: 4, per: 'block' }, activation: 'float', says: '4-bit weights in blocks' },
  w8: { weight: { bits: 8, per: 'block' }, activation: 'float', says: '8-bit weights in blocks' },
};

export function isFormat(name: string): name is Format {
  return Object.hasOwn(FORMATS, name);
}

/** In the order of the table. */
export const FORMAT_NAMES: readonly Format[] = Object.keys(FORMATS).filter(isFormat);
