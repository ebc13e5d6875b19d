/** What can be said of a node's values from the quantizers in front of it. */
import { type GraphNode, inputsOf } from '../graph.js';

/** Whether 0 is among the values that a node can give. */
export function hasZero(name: string, byName: ReadonlyMap<string, GraphNode>): boolean {
  const node = byName.get(name) as GraphNode;
  if (node.op === 'pixelShuffle') return hasZero(node.input, byName);
  return node.op !== 'quantize' || node.spec.grid !== 'midrise';
}

/** Whether a node gives levels of a grid, or sums of them: so does the image, but not what a convolution accumulates. */
export function isLevels(name: string, byName: ReadonlyMap<string, GraphNode>): boolean {
  const node = byName.get(name) as GraphNode;
  if (node.op === 'quantize' || node.op === 'input') return true;
  return node.op !== 'conv2d' && inputsOf(node).every((input) => isLevels(input, byName));
}
