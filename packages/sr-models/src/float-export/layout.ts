/** Layouts of parameters that other engines want. */
import type { PreluNode } from '../graph.js';
import type { Params } from '../params.js';
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
  { name, input, slopes }: PreluNode,
  params: Params,
  shapeOf: ReadonlyMap<string, Shape>,
): Float32Array {
  const own = params.get(`${name}.slope`) as Float32Array;
  const { channels } = shapeOf.get(input) as Shape;
  return Float32Array.from({ length: channels }, (_, channel) => own[channel % slopes] as number);
}
