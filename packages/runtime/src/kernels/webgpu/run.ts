/** Runs a program on an image, one submission for each tile. */
import type { Image } from '../../image.js';
import type { PlannedTensor } from '../../layout.js';
import type { Port } from '../../port.js';
import type { Tap } from '../../run.js';
import { type Extent, inRows, openRow, putTile, type Tile, takeTile } from '../../tiles.js';
import { type Arena, imageBytes, type LoadedStep } from './arena.js';
import { type GpuHost, readBuffer, usage } from './device.js';
import type { Program } from './program.js';
import { storedOffset, wordsOf } from './wgsl.js';

/** What runs. */
export interface Session {
  readonly host: GpuHost;
  readonly program: Program;
  readonly steps: readonly LoadedStep[];
  readonly arena: Arena;
}

/** An image that is there as a whole. Yields the work done so far after each tile, of a total of `program.work * width * height`. */
export async function* executeTiles(
  session: Session,
  image: Image,
  tiles: readonly Tile[],
  tap?: Tap,
): AsyncGenerator<number, Image> {
  const { scale, work } = session.program;
  const { width, height, data } = image;
  const result = new Uint8Array(data.length * scale ** 2);
  const row = (y: number) => data.subarray(y * width * 3, (y + 1) * width * 3);
  let done = 0;
  for (const tile of tiles) {
    const bytes = await runTile(session, { row }, tile, tap);
    const { core } = tile;
    putTile(result.subarray(core.y * width * scale ** 2 * 3), width * scale, tile, bytes, scale);
    done += core.width * core.height;
    yield work * done;
  }
  return { width: width * scale, height: height * scale, channels: 3, data: result };
}

/** The same through a port. */
export async function* streamTiles(session: Session, port: Port, tiles: readonly Tile[]): AsyncGenerator<number, void> {
  const { scale, work } = session.program;
  let done = 0;
  for (const row of inRows(tiles)) {
    const [first] = row;
    port.release(first.y);
    while (!port.has(first.y + first.height)) yield work * done;
    const to = openRow(port, first, scale);
    for (const tile of row) {
      putTile(to, port.width * scale, tile, await runTile(session, port, tile), scale);
      done += tile.core.width * tile.core.height;
      yield work * done;
    }
    port.close();
  }
}

/** The result of a tile, what surrounds its core included. */
async function runTile(session: Session, source: Pick<Port, 'row'>, tile: Tile, tap?: Tap): Promise<Uint8Array> {
  const { host, program, arena } = session;
  host.check();
  const { data } = takeTile(source, tile);
  const words = new Uint8Array(imageBytes(tile.width * tile.height));
  words.set(data);
  host.device.queue.writeBuffer(arena.image, 0, words);
  arena.resize(tile);
  if (tap) await runTapped(session, tile, tap);
  else runAtOnce(session, tile);
  return readBuffer(host, arena.staging, imageBytes(tile.width * tile.height * program.scale ** 2));
}

/** All steps and the copy of the result, without a word from the host between them. */
function runAtOnce({ host: { device }, program, steps, arena }: Session, tile: Extent): void {
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  for (const step of steps) arena.dispatch(pass, step, tile);
  pass.end();
  const bytes = imageBytes(tile.width * tile.height * program.scale ** 2);
  encoder.copyBufferToBuffer(arena.result, 0, arena.staging, 0, bytes);
  device.queue.submit([encoder.finish()]);
}

async function runTapped(session: Session, tile: Extent, tap: Tap): Promise<void> {
  const { host, steps } = session;
  for (const loaded of steps) {
    runAtOnce({ ...session, steps: [loaded] }, tile);
    for (const port of loaded.step.to) if (typeof port === 'object') await show(host, session.arena, port, tile, tap);
  }
}

async function show(host: GpuHost, arena: Arena, tensor: PlannedTensor, tile: Extent, tap: Tap): Promise<void> {
  const { device } = host;
  const [width, height] = [tile.width * tensor.factor, tile.height * tensor.factor];
  const { name, channels, signed } = tensor;
  const stride = 4 * wordsOf(channels);
  const bytes = width * height * stride;
  const staging = device.createBuffer({ size: bytes, usage: usage.mapRead | usage.copyTarget });
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(arena.bufferOf(tensor), 0, staging, 0, bytes);
  device.queue.submit([encoder.finish()]);
  const stored = await readBuffer(host, staging, bytes);
  staging.destroy();
  const offset = storedOffset(tensor);
  const levels = new Uint8Array(width * height * channels);
  for (let pixel = 0, to = 0; pixel < width * height; pixel++) {
    for (let c = 0; c < channels; c++) levels[to++] = (stored[pixel * stride + c] as number) ^ offset;
  }
  tap(name, signed ? new Int8Array(levels.buffer) : levels, height, width, channels);
}
