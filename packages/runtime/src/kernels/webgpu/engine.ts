/** The WebGPU backend: packed dot products of int8, requantization fused to what it reads, one submission for each image or tile. */
import type { Engine } from '../../engine.js';
import { RuntimeError } from '../../error.js';
import type { Image } from '../../image.js';
import { layoutModel } from '../../layout.js';
import type { CheckedModel } from '../../model-info.js';
import type { Port } from '../../port.js';
import type { Tap } from '../../run.js';
import { cut, cutForPort, type Extent, leastArea, type Reach, type Room, reachOf, type Tile } from '../../tiles.js';
import { type Arena, loadSteps, openArena } from './arena.js';
import { type GpuHost, openDevice } from './device.js';
import { compile, type Program } from './program.js';
import { executeTiles, streamTiles } from './run.js';

import { type Dialect, GROUPS } from './wgsl.js';

/** How to run on WebGPU. */
export interface WebgpuOptions {
  /** What tensors of a tile may take, if tiles of 16 pixels and their surroundings can do with it. */
  readonly memoryBytes: number;
  /** Instead of the one that suits the host. */
  readonly dialect?: Dialect;
}

/** Buffers of tensors that a kernel may bind with a device's 8 at least: constants and up to two inputs beside them. */
const OUTPUTS = 5;
/** Bytes of a workgroup's memory on every device. */
const SHARED = 16384;

/**
 * Compiles a model for WebGPU, on a device of its own.
 *
 * @param gpu what `navigator.gpu` is in browsers; by default that
 * @throws RuntimeError where the host has no WebGPU device, or the model does not fit it
 */
export async function openWebgpu(
  checked: CheckedModel,
  where: string,
  { gpu, ...options }: WebgpuOptions & { readonly gpu?: object | undefined },
): Promise<Engine> {
  const host = await openDevice(gpu, where);
  try {
    const engine = await openOn(host, checked, where, options);
    return { ...engine, dispose: () => void [engine.dispose(), host.dispose()] };
  } catch (error) {
    host.dispose();
    throw error;
  }
}

/** The same on a device that the caller owns, and that may be shared. */
export async function openOn(
  owner: GpuHost,
  checked: CheckedModel,
  where: string,
  { memoryBytes, dialect = owner.dialect }: WebgpuOptions,
): Promise<Engine> {
  const layout = layoutModel(checked);
  const program = compile(layout, { dialect, outputs: OUTPUTS, shared: SHARED });
  const { limits } = owner.device;
  checkConstants(program, limits, where);
  const steps = await loadSteps(owner, program, where);
  const reach = reachOf(layout);
  const state: { arena: Arena | null; isOpen: boolean } = { arena: null, isOpen: true };
  const host: GpuHost = {
    ...owner,
    check: () => {
      if (state.isOpen) return owner.check();
      throw new RuntimeError('upscale', 'upscaler must be in use, got a disposed one', 'load the model again');
    },
  };
  const arenaFor = async (area: number): Promise<Arena> => {
    if (state.arena && state.arena.area >= area) return state.arena;
    state.arena?.dispose();
    state.arena = null;
    state.arena = await openArena(host, program, steps, area);
    return state.arena;
  };
  const sessionFor = async (tiles: readonly Tile[]) => {
    const arena = await arenaFor(Math.max(...tiles.map(({ width, height }) => width * height)));
    return { host, program, steps, arena };
  };
  return {
    scale: layout.scale,
    work: program.work,
    memoryBytes,
    threads: 1,
    isExclusive: true,
    async *run(image: Image, tap?: Tap) {
      host.check();
      const tiles = tilesFor(image, program, reach, limits, tap ? Number.POSITIVE_INFINITY : memoryBytes);
      return yield* executeTiles(await sessionFor(tiles), image, tiles, tap);
    },
    async *stream(port: Port) {
      host.check();
      const room = roomFor(program, reach, limits, memoryBytes);
      const tiles = atLeastOne(cutForPort(port, reach, room), reach, room, limits);
      yield* streamTiles(await sessionFor(tiles), port, tiles);
    },
    dispose: () => {
      state.isOpen = false;
      state.arena?.dispose();
      for (const { constants } of steps) constants?.destroy();
    },
  };
}

type Limits = Pick<GPUSupportedLimits, 'maxStorageBufferBindingSize' | 'maxBufferSize'>;

const largestBuffer = (limits: Limits): number => Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize);

function checkConstants({ steps }: Program, limits: Limits, where: string): void {
  for (const { name, constants } of steps) {
    const bytes = constants?.byteLength ?? 0;
    if (bytes <= largestBuffer(limits)) continue;
    const problem = `the constants of ${name} must fit the GPU's maxStorageBufferBindingSize of ${limits.maxStorageBufferBindingSize} bytes, got ${bytes}`;
    throw new RuntimeError(where, problem, "use the backend 'wasm'");
  }
}

/** The tiles of an image. @throws RuntimeError where the device's buffers are too small for any */
export function tilesFor(
  image: Extent,
  program: Pick<Program, 'slots' | 'steps' | 'scale'>,
  reach: Reach,
  limits: Limits,
  memoryBytes: number,
): readonly Tile[] {
  const room = roomFor(program, reach, limits, memoryBytes);
  return atLeastOne(cut(image, reach, room), reach, room, limits);
}

function roomFor(
  { slots, steps, scale }: Pick<Program, 'slots' | 'steps' | 'scale'>,
  reach: Reach,
  limits: Limits,
  memoryBytes: number,
): Room {
  const ends = 3 + 6 * scale ** 2;
  // Less a word, to which an image's bytes are rounded up.
  const hard = Math.floor((largestBuffer(limits) - 4) / Math.max(...slots, 3 * scale ** 2));
  const soft = Math.floor(memoryBytes / slots.reduce((sum, bytes) => sum + bytes, ends));
  const factor = Math.max(...steps.map((step) => step.factor));
  // A convolution's workgroup makes at least 4 rows.
  const side = Math.floor((4 * GROUPS) / factor);
  return { area: Math.min(hard, Math.max(soft, leastArea(reach))), width: side, height: side };
}

function atLeastOne(tiles: readonly Tile[], reach: Reach, room: Room, limits: Limits): readonly Tile[] {
  if (tiles.length > 0) return tiles;
  const problem = `a tile must hold a pixel and the ${reach.x} x ${reach.y} pixels around it, got room for ${room.area} pixels in the GPU's maxStorageBufferBindingSize of ${limits.maxStorageBufferBindingSize} bytes`;
  throw new RuntimeError('upscale', problem, "use the backend 'wasm'");
}
