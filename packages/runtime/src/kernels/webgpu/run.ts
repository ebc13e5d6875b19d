/** Runs a program on an image, one submission for each tile. */
import type { Image } from '../../image.js';
import type { PlannedTensor } from '../../layout.js';
import type { Tap } from '../../run.js';
import { type Arena, imageBytes, type LoadedStep } from './arena.js';
import { type GpuHost, readBuffer, usage } from './device.js';
import type { Program } from './program.js';
import type { Extent, Tile } from './tiles.js';
import { storedOffset, wordsOf } from './wgsl.js';

/** What runs. */
export interface Session {
  readonly host: GpuHost;
  readonly program: Program;
  readonly steps: readonly LoadedStep[];
  readonly arena: Arena;
}

/** Yields the work done so far after each tile, of a total of `program.work * width * height`. */
export async function* executeTiles(
  session: Session,
  image: Image,
  tiles: readonly Tile[],
  tap?: Tap,
): AsyncGenerator<number, Image> {
  const { host, program, arena } = session;
  const { scale, work } = program;
  const { queue } = host.device;
  const result = new Uint8Array(image.data.length * scale ** 2);
  let done = 0;
  for (const tile of tiles) {
    host.check();
    queue.writeBuffer(arena.image, 0, copyIn(image, tile));
    arena.resize(tile);
    if (tap) await runTapped(session, tile, tap);
    else runAtOnce(session, tile);
    const bytes = imageBytes(tile.width * tile.height * scale ** 2);
    copyOut(await readBuffer(host, arena.staging, bytes), tile, scale, result, image.width * scale);
    done += tile.core.width * tile.core.height;
    yield work * done;
  }
  return { width: image.width * scale, height: image.height * scale, channels: 3, data: result };
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

/** The tile's bytes, to whole words. */
function copyIn({ data, width: stride }: Image, { x, y, width, height }: Tile): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(imageBytes(width * height));
  for (let row = 0; row < height; row++) {
    const at = ((y + row) * stride + x) * 3;
    bytes.set(data.subarray(at, at + width * 3), row * width * 3);
  }
  return bytes;
}

/** Copies the result of a tile's core to its place. */
function copyOut(from: Uint8Array, tile: Tile, scale: number, to: Uint8Array, stride: number): void {
  const { core } = tile;
  const length = core.width * scale * 3;
  const [left, top] = [(core.x - tile.x) * scale, (core.y - tile.y) * scale];
  for (let row = 0; row < core.height * scale; row++) {
    const at = ((top + row) * tile.width * scale + left) * 3;
    to.set(from.subarray(at, at + length), ((core.y * scale + row) * stride + core.x * scale) * 3);
  }
}
