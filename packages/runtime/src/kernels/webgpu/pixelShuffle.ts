/**
 * `pixelShuffle`: an index move from `[h, w, C*f*f]` to `[h*f, w*f, C]`, one thread for each word that is written. The grid is unchanged, so bytes move as they are.
 * - `dcr`: `out[y*f+dy, x*f+dx, c] = in[y, x, (dy*f + dx)*C + c]`
 * - `crd`: `out[y*f+dy, x*f+dx, c] = in[y, x, c*f*f + dy*f + dx]`
 */

import { find } from '../../layout.js';
import type { PixelShuffleNode } from '../../model.js';
import type { Compilation, GpuStep } from './step.js';
import { eachWord, groupsOfWords, prelude, wordsOf } from './wgsl.js';

export function pixelShuffle(
  { name, input, factor, order }: PixelShuffleNode,
  { dialect, layout }: Compilation,
): readonly GpuStep[] {
  const from = find(layout.tensors, input);
  const to = find(layout.tensors, name);
  const words = wordsOf(to.channels);
  const [subStep, channelStep] = order === 'dcr' ? [to.channels, 1] : [1, factor * factor];
  const code =
    prelude(dialect, { constants: false, from: 1, to: 1 }) +
    eachWord(
      `size.x * size.y * ${words}u`,
      `
  let pixel = index / ${words}u;
  let x = pixel % size.x;
  let y = pixel / size.x;
  let sub = (y % ${factor}u) * ${factor}u + x % ${factor}u;
  let start = ((y / ${factor}u) * (size.x / ${factor}u) + x / ${factor}u) * ${wordsOf(from.channels)}u;
  var bytes = 0u;
  for (var i = 0u; i < 4u; i++) {
    let channel = min((index % ${words}u) * 4u + i, ${to.channels - 1}u) * ${channelStep}u + sub * ${subStep}u;
    bytes |= ((from0[start + channel / 4u] >> ((channel & 3u) * 8u)) & 255u) << (i * 8u);
  }
  to0[index] = bytes;`,
    );
  return [
    {
      name,
      code,
      constants: null,
      from: [from],
      to: [to],
      factor: to.factor,
      groups: (width, height) => groupsOfWords(width * height * words),
      traffic: 4 * (wordsOf(from.channels) * from.factor ** 2 + words * to.factor ** 2),
      dots: 0,
      work: to.channels * to.factor ** 2,
    },
  ];
}
