/** `input`: packed RGB bytes become words of three levels each. */

import { find } from '../../layout.js';
import type { InputNode } from '../../model.js';
import type { Compilation, GpuStep } from './step.js';
import { eachWord, groupsOfWords, prelude } from './wgsl.js';

export function input({ name }: InputNode, { dialect, layout }: Compilation): readonly GpuStep[] {
  const code =
    prelude(dialect, { constants: false, from: 1, to: 1 }) +
    eachWord(
      'size.x * size.y',
      `
  let at = index * 3u;
  let shift = (at & 3u) * 8u;
  var bytes = from0[at / 4u] >> shift;
  if (shift > 8u) { bytes |= from0[at / 4u + 1u] << (32u - shift); }
  to0[index] = bytes ^ 0x80808080u;`,
    );
  return [
    {
      name,
      code,
      constants: null,
      from: ['image'],
      to: [find(layout.tensors, name)],
      factor: 1,
      groups: (width, height) => groupsOfWords(width * height),
      traffic: 3 + 4,
      dots: 0,
      work: 3,
    },
  ];
}
