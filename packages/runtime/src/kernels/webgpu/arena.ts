/** A program on a device: pipelines and constants for as long as the model lives, buffers and bind groups for as long as tiles fit them. */
import { RuntimeError } from '../../error.js';
import type { Extent } from '../../tiles.js';
import { allocating, type GpuHost, messageOf, usage } from './device.js';
import type { Program } from './program.js';
import type { GpuStep, Port } from './step.js';

/** A step whose kernel is compiled. */
export interface LoadedStep {
  readonly step: GpuStep;
  readonly pipeline: GPUComputePipeline;
  readonly constants: GPUBuffer | null;
}

/**
 * Compiles the kernels, one for all layers of a shape, and uploads the constants.
 *
 * @throws RuntimeError where the device refuses a kernel or is out of memory
 */
export async function loadSteps(host: GpuHost, { steps }: Program, where: string): Promise<readonly LoadedStep[]> {
  // All compile at the same time.
  for (const { code } of steps) void pipelineOf(host, code).catch(() => {});
  const loaded: LoadedStep[] = [];
  for (const step of steps) {
    const pipeline = await pipelineOf(host, step.code).catch((cause: unknown) => {
      host.check();
      const problem = `the GPU must compile the kernel of ${step.name}, got ${messageOf(cause)}`;
      throw new RuntimeError(where, problem, "use the backend 'wasm' and report it", { cause });
    });
    const { constants } = step;
    const buffer = constants === null ? null : await allocating(host, () => upload(host.device, constants));
    loaded.push({ step, pipeline, constants: buffer });
  }
  return loaded;
}

function pipelineOf({ device, pipelines }: GpuHost, code: string): Promise<GPUComputePipeline> {
  const known = pipelines.get(code);
  if (known) return known;
  const compute = { module: device.createShaderModule({ code }), entryPoint: 'main' };
  const compiled = device.createComputePipelineAsync({ layout: 'auto', compute });
  pipelines.set(code, compiled);
  return compiled;
}

function upload(device: GPUDevice, words: Uint32Array<ArrayBuffer>): GPUBuffer {
  const buffer = device.createBuffer({ size: words.byteLength, usage: usage.storage | usage.copyTarget });
  device.queue.writeBuffer(buffer, 0, words);
  return buffer;
}

/** Bytes of an image of so many pixels, to whole words. */
export const imageBytes = (pixels: number): number => 4 * Math.ceil((3 * pixels) / 4);

/** Buffers for tiles of up to `area` pixels. */
export interface Arena {
  readonly area: number;
  readonly image: GPUBuffer;
  readonly result: GPUBuffer;
  /** To be mapped; holds a result. */
  readonly staging: GPUBuffer;
  bufferOf(port: Port): GPUBuffer;
  /** Says how large the tile is. */
  resize(extent: Extent): void;
  /** Encodes a step for a tile. */
  dispatch(pass: GPUComputePassEncoder, loaded: LoadedStep, extent: Extent): void;
  dispose(): void;
}

/** @throws RuntimeError when the device is out of memory */
export async function openArena(
  host: GpuHost,
  { slots, scale }: Program,
  steps: readonly LoadedStep[],
  area: number,
): Promise<Arena> {
  const { device } = host;
  const made: GPUBuffer[] = [];
  const make = (size: number, flags: number) => {
    const buffer = device.createBuffer({ size, usage: flags });
    made.push(buffer);
    return buffer;
  };
  const dispose = () => {
    for (const buffer of made) buffer.destroy();
  };
  const resultBytes = imageBytes(area * scale ** 2);
  const allocated = await allocating(host, () => ({
    image: make(imageBytes(area), usage.storage | usage.copyTarget),
    result: make(resultBytes, usage.storage | usage.copySource),
    staging: make(resultBytes, usage.mapRead | usage.copyTarget),
    tensors: slots.map((bytes) => make(bytes * area, usage.storage | usage.copySource)),
    sizes: new Map(
      [...new Set(steps.map(({ step }) => step.factor))].map((factor) => [
        factor,
        make(16, usage.uniform | usage.copyTarget),
      ]),
    ),
  })).catch((error: unknown) => {
    dispose();
    throw error;
  });
  const { image, result, staging, tensors, sizes } = allocated;
  const bufferOf = (port: Port) =>
    port === 'image' ? image : port === 'result' ? result : (tensors[port.slot] as GPUBuffer);
  const groups = new Map(
    steps.map((loaded) => {
      const { step, pipeline, constants } = loaded;
      const size = sizes.get(step.factor) as GPUBuffer;
      const buffers = [size, ...(constants ? [constants] : []), ...[...step.from, ...step.to].map(bufferOf)];
      const entries = buffers.map((buffer, binding) => ({ binding, resource: { buffer } }));
      return [loaded, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries })];
    }),
  );
  return {
    area,
    image,
    result,
    staging,
    bufferOf,
    resize: ({ width, height }) => {
      for (const [factor, buffer] of sizes) {
        device.queue.writeBuffer(buffer, 0, Uint32Array.of(width * factor, height * factor, 0, 0));
      }
    },
    dispatch: (pass, loaded, { width, height }) => {
      const { step, pipeline } = loaded;
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, groups.get(loaded) as GPUBindGroup);
      pass.dispatchWorkgroups(...step.groups(width * step.factor, height * step.factor));
    },
    dispose,
  };
}
