/** Layouts: PyTorch's OIHW weights and channel-first pixel shuffles to HWIO weights and our `dcr` shuffles. */
import { type Graph, type GraphNode, nodesByName } from '../graph.js';

/** Factor of the pixel shuffle behind each convolution that has one, also behind an activation; by the convolution's name. */
export function shuffledBy(graph: Graph): ReadonlyMap<string, number> {
  const byName = nodesByName(graph);
  const convBehind = (name: string): string | null => {
    const node = byName.get(name) as GraphNode;
    if (node.op === 'conv2d') return name;
    return node.op === 'prelu' || node.op === 'relu' ? convBehind(node.input) : null;
  };
  const found = new Map<string, number>();
  for (const node of graph.nodes) {
    const conv = node.op === 'pixelShuffle' ? convBehind(node.input) : null;
    if (conv !== null && node.op === 'pixelShuffle') found.set(conv, node.factor);
  }
  return found;
}

/**
 * For each of our output channels, PyTorch's: in front of its PixelShuffle channel `k * f * f + dy * f + dx` becomes subpixel `(dy, dx)` of channel `k`, in
 * front of ours `(dy * f + dx) * c + k` does. Without a shuffle the channels stay.
 */
export function channelOrder(outChannels: number, factor: number | undefined): readonly number[] {
  if (factor === undefined) return Array.from({ length: outChannels }, (_, channel) => channel);
  const subpixels = factor * factor;
  const channels = outChannels / subpixels;
  return Array.from({ length: outChannels }, (_, ours) => (ours % channels) * subpixels + Math.floor(ours / channels));
}

/** OIHW to HWIO, output channel `o` from `order[o]`. */
export function toHwio(
  weights: Float32Array,
  [outChannels, inChannels, height, width]: readonly [number, number, number, number],
  order: readonly number[],
): Float32Array {
  const taps = height * width;
  const out = new Float32Array(weights.length);
  for (let tap = 0; tap < taps; tap++) {
    for (let i = 0; i < inChannels; i++) {
      for (let o = 0; o < outChannels; o++) {
        out[(tap * inChannels + i) * outChannels + o] = weights[
          ((order[o] as number) * inChannels + i) * taps + tap
        ] as number;
      }
    }
  }
  return out;
}
