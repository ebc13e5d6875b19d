/** `output`: words of three levels become packed RGB bytes. */

import { find } from '../../layout.js';
import type { OutputNode } from '../../model.js';
import type { Compilation, GpuStep } from './step.js';
import { eachWord, groupsOfWords, prelude } from './wgsl.js';

export function output({ name, input }: OutputNode, { dialect, layout }: Compilation): readonly GpuStep[] {
  const { scale } = layout;
  const code =
    prelude(dialect, { constants: false, from: 1, to: 1 }) +
    eachWord(
      '(size.x * size.y * 3u + 3u) / 4u',
      `
  let last = size.x * size.y - 1u;
  var bytes = 0u;
  for (var i = 0u; i < 4u; i++) {
    let at = index * 4u + i;
    let pixel = from0[min(at / 3u, last)] ^ 0x80808080u;
    bytes |= ((pixel >> (at % 3u * 8u)) & 255u) << (i * 8u);
  }
  to0[index] = bytes;`,
    );
  return [
    {
      name,
      code,
      constants: null,
      from: [find(layout.tensors, input)],
      to: ['result'],
      factor: scale,
      groups: (width, height) => groupsOfWords(Math.ceil((width * height * 3) / 4)),
      traffic: (3 + 4) * scale ** 2,
      dots: 0,
      work: 3 * scale ** 2,
    },
  ];
}
