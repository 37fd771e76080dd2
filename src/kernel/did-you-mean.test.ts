import { describe, expect, it } from 'vitest';
import { didYouMean, nearest } from './did-you-mean.js';

describe('nearest', () => {
  const names = ['imagenet', 'inception', 'none'];

  it('finds a slip of the finger, whatever the case', () => {
    expect(nearest('imgenet', names)).toBe('imagenet');
    expect(nearest('ImageNet', names)).toBe('imagenet');
    expect(nearest('nome', names)).toBe('none');
  });

  it('does not guess at another word', () => {
    expect(nearest('cifar', names)).toBeUndefined();
    expect(nearest('anything', [])).toBeUndefined();
    expect(didYouMean('cifar', names)).toBe('Known are: imagenet, inception, none.');
  });
});
