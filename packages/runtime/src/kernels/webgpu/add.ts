/** `add`: the exact sum of two tensors' values, `s * (a + b) + 2 * (s - 1 - s * z)` with `s` the spacing of their grid, and its requantizations. */

import { find } from '../../layout.js';
import type { AddNode, RequantizeNode } from '../../model.js';
import type { LevelsInfo } from '../../model-info.js';
import { openConstants } from './constants.js';
import { type Compilation, type GpuStep, portions } from './step.js';
import { scaledWgsl, tailWgsl } from './tail.js';
import { eachWord, groupsOfWords, prelude, storedOffset, wordsOf } from './wgsl.js';

export function add(node: AddNode, tails: readonly RequantizeNode[], compilation: Compilation): readonly GpuStep[] {
  return portions(tails, compilation.outputs).map((some) => compileSome(node, some, compilation));
}

function compileSome(node: AddNode, tails: readonly RequantizeNode[], { dialect, layout }: Compilation): GpuStep {
  const [grid] = layout.prepare(node).inputs as readonly [LevelsInfo];
  const words = wordsOf(grid.channels);
  const constants = openConstants();
  const offset = storedOffset(grid);
  const { spacing } = grid;
  const bias = constants.push(grid.zeroPoint.map((zero) => 2 * (spacing - 1 - spacing * (zero - offset))));
  const functions = tails.map((tail, i) => tailWgsl(i, tail, layout.prepare(tail), constants));
  const code =
    prelude(dialect, { constants: true, from: 2, to: tails.length }) +
    scaledWgsl +
    functions.join('') +
    eachWord(
      `size.x * size.y * ${words}u`,
      `
  let at = index % ${words}u;
  let acc = (levels(from0[index]) + levels(from1[index])) * ${spacing} + bitcast<vec4<i32>>(constants[${bias}u + at]);
${tails.map((_, i) => `  to${i}[index] = tail${i}(acc, at);`).join('\n')}`,
    );
  return {
    name: node.name,
    code,
    constants: constants.words(),
    from: node.inputs.map((name) => find(layout.tensors, name)),
    to: tails.map(({ name }) => find(layout.tensors, name)),
    factor: grid.factor,
    groups: (width, height) => groupsOfWords(width * height * words),
    traffic: 4 * words * (2 + tails.length) * grid.factor ** 2,
    dots: 0,
    work: grid.channels * grid.factor ** 2,
  };
}
