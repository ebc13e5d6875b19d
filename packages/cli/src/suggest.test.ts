import { describe, expect, it } from 'vitest';
import { closest, withSuggestion } from './suggest.js';

describe('closest', () => {
  it.each([
    ['scael', 'scale'],
    ['Scale', null],
    ['onx', 'onnx'],
    ['edsr-basline', 'edsr-baseline'],
    ['lanczos', null],
    ['x', null],
  ])('to %s is %s', (typed, meant) => {
    expect(closest(typed, ['scale', 'onnx', 'edsr-baseline', 'bicubic', 'bicubic-y'])).toBe(meant);
  });
});

describe('withSuggestion', () => {
  it.each([
    ['--format: must be one of fqsr, onnx, got "onx" (see --help)', /\. Did you mean onnx\?$/],
    ['action: must be one of list, fetch, make, got lst (see --help)', /Did you mean list\?$/],
    ['--metrics: must be some of psnr,ssim, got "psnrr" (separate them by commas)', /Did you mean psnr\?$/],
    [
      'source must be a known name, got "phtos", which is neither (known are photos: nine; DIR: a folder)',
      /mean photos\?$/,
    ],
  ])('%s', (line, ending) => {
    expect(withSuggestion(line)).toMatch(ending);
    expect(withSuggestion(line).startsWith(line)).toBe(true);
  });

  it.each([
    'out.png does not exist (check the path)',
    '--scale: must be at most 4, got "7" (see --help)',
    'source must be a known name, got "/none", which is neither (known are A,B: one and the other; DIR: a folder)',
    '',
  ])('leaves %s', (line) => {
    expect(withSuggestion(line)).toBe(line);
  });
});
