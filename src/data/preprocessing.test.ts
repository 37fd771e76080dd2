import { describe, expect, it } from 'vitest';
import { fromPreprocessorConfig, isPreprocessorConfig } from './hf-preprocessor.js';
import { parsePreprocessing, presetPreprocessing } from './preprocessing.js';

describe('presetPreprocessing', () => {
  it('knows what models were trained with', () => {
    expect(presetPreprocessing('imagenet')).toMatchObject({ resize: 'shorter', cropFraction: 0.875, scale: 1 / 255 });
    expect(presetPreprocessing('cifar10').resize).toBe('none');
  });

  it('changes single fields', () => {
    const spec = presetPreprocessing('mobilenet,resize=exact,size=160,interpolation=bicubic');
    expect(spec).toMatchObject({ resize: 'exact', size: 160, interpolation: 'bicubic', std: [0.5] });
  });

  it('helps with a wrong name, field or value', () => {
    expect(() => presetPreprocessing('imgenet')).toThrow('Did you mean imagenet?');
    expect(() => presetPreprocessing('imagenet,resise=exact')).toThrow('Did you mean resize?');
    expect(() => presetPreprocessing('imagenet,resize=exactly')).toThrow(/preprocessing\.resize: .*"exact"/);
  });
});

describe('parsePreprocessing', () => {
  const place = { file: 'p.json' };

  it('takes all fields, or a preset and what differs', () => {
    expect(parsePreprocessing({ scale: 1 / 255, channels: 'BGR' }, place)).toMatchObject({
      channels: 'BGR',
      mean: [0],
    });
    expect(parsePreprocessing({ preset: 'imagenet', std: [1, 1, 1] }, place)).toMatchObject({ std: [1, 1, 1] });
  });

  it('reports all that is wrong', () => {
    const parse = () => parsePreprocessing({ std: [0], cropFraction: 2, foo: 1 }, place);
    expect(parse).toThrow('p.json');
    expect(parse).toThrow('preprocessing.std: must be above 0');
    expect(parse).toThrow('preprocessing.cropFraction');
    expect(parse).toThrow('no field "foo"');
    expect(() => parsePreprocessing({ mean: [0, 0], std: [1, 1, 1] }, place)).toThrow('different numbers of channels');
  });
});

describe('fromPreprocessorConfig', () => {
  const read = (config: object) => fromPreprocessorConfig(config, { file: 'preprocessor_config.json' });

  it('reads a convolutional network with a centre crop', () => {
    const config = {
      image_processor_type: 'MobileNetV2ImageProcessor',
      size: { shortest_edge: 256 },
      crop_size: { height: 224, width: 224 },
      do_center_crop: true,
      resample: 2,
      image_mean: [0.5, 0.5, 0.5],
      image_std: [0.5, 0.5, 0.5],
    };
    expect(isPreprocessorConfig(config)).toBe(true);
    expect(read(config)).toMatchObject({
      resize: 'shorter',
      shorterSide: 256,
      size: { height: 224, width: 224 },
      interpolation: 'bilinear',
      scale: 1 / 255,
      mean: [0.5, 0.5, 0.5],
    });
  });

  it('reads a vision transformer, old and new', () => {
    const exact = { resize: 'exact', size: { height: 224, width: 224 } };
    expect(read({ size: { height: 224, width: 224 } })).toMatchObject(exact);
    expect(read({ feature_extractor_type: 'ViTFeatureExtractor', size: 384 })).toMatchObject({
      resize: 'exact',
      size: 384,
    });
  });

  it('reads crop_pct as the fraction that the crop keeps, below 384', () => {
    const small = read({ size: { shortest_edge: 224 }, crop_pct: 0.875, resample: 3 });
    expect(small).toMatchObject({ resize: 'shorter', cropFraction: 0.875, size: 224, interpolation: 'bicubic' });
    expect(read({ size: { shortest_edge: 384 }, crop_pct: 0.875 })).toMatchObject({ shorterSide: 384 });
  });

  it('leaves out steps that are turned off', () => {
    const spec = read({ do_resize: false, do_rescale: false, do_normalize: false, image_mean: [1, 2, 3] });
    expect(spec).toMatchObject({ resize: 'none', scale: 1, mean: [0], std: [1] });
  });

  it('refuses steps that it would otherwise skip', () => {
    expect(() => read({ do_pad: true })).toThrow('do_pad');
    expect(() => read({ resample: 4 })).toThrow('resample 4');
    expect(() => read({ size: 'large' })).toThrow('size');
  });
});
