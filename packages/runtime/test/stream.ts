/** Runs images through an engine's port, as the package does. */
import type { Engine } from '../src/engine.js';
import type { AnyImage } from '../src/image.js';
import { openPort } from '../src/port.js';
import { openRows } from '../src/rows.js';

/** The samples of the result: the image comes in pieces that end anywhere, and the result in the smallest strips. */
export async function streamed(engine: Engine, image: AnyImage): Promise<Uint8Array> {
  const { data } = image;
  const pieces = Array.from({ length: Math.ceil(data.length / 50) }, (_, i) => data.subarray(50 * i, 50 * i + 50));
  const rows = openRows({ ...image, data: pieces });
  const { port, wanted, take } = openPort(rows, { scale: engine.scale, target: null, stripBytes: 0 });
  const result = new Uint8Array(data.length * engine.scale ** 2);
  const work = engine.stream(port);
  for (let [done, next] = [false, 0]; !done; ) {
    done = (await work.next()).done === true;
    for (const strip of take()) {
      if (strip.y * strip.width * strip.channels !== next) throw new Error('strips must follow each other');
      result.set(strip.data, next);
      next += strip.data.length;
    }
    await rows.read(wanted());
  }
  return result;
}
