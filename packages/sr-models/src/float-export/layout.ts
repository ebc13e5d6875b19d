/** Layouts of parameters that other engines want. */
import type { BilinearNode, PreluNode } from '../graph.js';
import type { Params } from '../params.js';
import { bilinearChannels, bilinearTaps } from '../passes/bilinear.js';
import type { Shape } from '../passes/shapes.js';

/** HWIO to OIHW. @param taps height times width of the kernel */
export function toOihw(hwio: Float32Array, taps: number, inChannels: number, outChannels: number): Float32Array {
  const out = new Float32Array(hwio.length);
  for (let tap = 0; tap < taps; tap++) {
    for (let i = 0; i < inChannels; i++) {
      for (let o = 0; o < outChannels; o++) {
        out[(o * inChannels + i) * taps + tap] = hwio[(tap * inChannels + i) * outChannels + o] as number;
      }
    }
  }
  return out;
}

/** The slope of every channel of a PReLU, whose own repeat. */
export function slopesOf(
  { name, input, slopes, constant }: PreluNode,
  params: Params,
  shapeOf: ReadonlyMap<string, Shape>,
): Float32Array {
  const { channels } = shapeOf.get(input) as Shape;
  if (constant !== undefined) return new Float32Array(channels).fill(constant);
  const own = params.get(`${name}.slope`) as Float32Array;
  return Float32Array.from({ length: channels }, (_, channel) => own[channel % slopes] as number);
}

/** A bilinear enlargement as a 3x3 convolution of the image with its edges repeated: weights HWIO that sum to 1, and the bias of every output. */
export function enlargement(node: BilinearNode): {
  readonly outChannels: number;
  readonly weights: Float32Array;
  readonly biases: Float32Array;
} {
  const { weights, unit } = bilinearTaps(node);
  const outChannels = bilinearChannels(node);
  return {
    outChannels,
    weights: weights.map((weight) => weight / unit),
    biases: Float32Array.from({ length: outChannels }, (_, o) => -(node.offset[o % node.channels] as number)),
  };
}
