import { floorAccumulator, scaleAccumulator } from '@fqsr/quant-core/spec';
import { afterAll, describe, expect, it } from 'vitest';
import { gpu, hasGpu } from '../../../test/gpu.js';
import { randomIntegers } from '../../../test/random.js';
import { type GpuHost, openDevice, readBuffer, usage } from './device.js';
import { scaledWgsl } from './tail.js';
import { type Dialect, eachWord, groupsOfWords, prelude } from './wgsl.js';

const host = hasGpu ? await openDevice(gpu, 'test') : null;
afterAll(() => host?.dispose());

/** Runs `body` once for each word of the result; `constants` is the input. */
async function compute(
  { device, ...rest }: GpuHost,
  dialect: Dialect,
  wgsl: string,
  body: string,
  data: Int32Array<ArrayBuffer>,
  count: number,
) {
  const bytes = count * 4;
  const code = prelude(dialect, { constants: true, from: 0, to: 1 }) + wgsl + eachWord('size.x', body);
  const compute = { module: device.createShaderModule({ code }), entryPoint: 'main' };
  const pipeline = await device.createComputePipelineAsync({ layout: 'auto', compute });
  const size = device.createBuffer({ size: 16, usage: usage.uniform | usage.copyTarget });
  const input = device.createBuffer({ size: data.byteLength, usage: usage.storage | usage.copyTarget });
  const result = device.createBuffer({ size: bytes, usage: usage.storage | usage.copySource });
  const staging = device.createBuffer({ size: bytes, usage: usage.mapRead | usage.copyTarget });
  device.queue.writeBuffer(size, 0, Uint32Array.of(count, 1, 0, 0));
  device.queue.writeBuffer(input, 0, data);
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  const entries = [size, input, result].map((buffer, binding) => ({ binding, resource: { buffer } }));
  pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
  pass.dispatchWorkgroups(...groupsOfWords(count));
  pass.end();
  encoder.copyBufferToBuffer(result, 0, staging, 0, bytes);
  device.queue.submit([encoder.finish()]);
  const read = await readBuffer({ device, ...rest }, staging, bytes);
  for (const buffer of [size, input, result, staging]) buffer.destroy();
  return new Int32Array(read.buffer);
}

describe.skipIf(host === null)('on a GPU', () => {
  it('scaled is the shifted 64-bit product, up to 2^30, at all shifts and the ends of the ranges', async () => {
    const random = randomIntegers(6);
    const ends = [0, 1, -1, 2 ** 31 - 1, 1 - 2 ** 31, -(2 ** 31), 65535, 65536, -65536, 2 ** 30];
    const factors = [0, 2 ** 30, 2 ** 31 - 1, 1 - 2 ** 31, -(2 ** 30), 2 ** 30 + 65535];
    const cases: number[][] = [];
    for (let k = 16; k <= 63; k++) {
      for (const m of factors) for (const acc of ends) cases.push([acc, m, k]);
      for (let i = 0; i < 400; i++) {
        const acc = random(-(2 ** 31), 2 ** 31 - 1) >> random(0, 30);
        const m = random(2 ** 30, 2 ** 31 - 1) * (random(0, 1) ? 1 : -1);
        cases.push([acc, m, k]);
      }
    }
    const data = Int32Array.from(cases.flatMap((item) => [...item, 0]));
    const body = `
  let item = bitcast<vec4<i32>>(constants[index]);
  to0[index] = bitcast<u32>(scaled(vec4(item.x), vec4(item.y), vec4(u32(item.z)))[index & 3u]);`;
    const got = await compute(host as GpuHost, 'unpacked', scaledWgsl, body, data, cases.length);
    const limit = 2n ** 30n;
    const wrong = cases.filter(([acc = 0, m = 0, k = 0], i) => {
      const exact = (BigInt(acc) * BigInt(m)) >> BigInt(k);
      const wanted = exact > limit - 1n ? limit - 1n : exact < -limit ? -limit : exact;
      // What is beyond 2^30 may stay as it is, as long as it is an int32.
      const same = BigInt(got[i] as number) === wanted || BigInt(got[i] as number) === exact;
      const half = Math.floor((Number(got[i]) + 1) / 2);
      const isSmall = exact < limit && exact >= -limit && k >= 17 && k <= 61;
      const isRounded = !isSmall || half === scaleAccumulator(acc, { multiplier: m, shift: k + 1 });
      const isFloored = !isSmall || k < 18 || got[i] === floorAccumulator(acc, { multiplier: m, shift: k });
      return !(same && isRounded && isFloored);
    });
    expect(wrong).toEqual([]);
  });

  it.each(['packed', 'unpacked'] as const)('dot4, %s, is the sum of four products of int8', async (dialect) => {
    if (dialect === 'packed' && host?.dialect === 'unpacked') return;
    const random = randomIntegers(7);
    const draw = () => [0, 1, 2, 3].map(() => [-128, 127, -1, 0, random(-128, 127)][random(0, 4)] as number);
    const cases = Array.from({ length: 2000 }, () => [draw(), draw()] as const);
    const word = (bytes: readonly number[]) => new Int32Array(Int8Array.from(bytes).buffer)[0] as number;
    const data = Int32Array.from(cases.flatMap(([a, b]) => [word(a), word(b), 0, 0]));
    const body = '  to0[index] = bitcast<u32>(dot4(constants[index].x, constants[index].y));';
    const got = await compute(host as GpuHost, dialect, '', body, data, cases.length);
    expect([...got]).toEqual(cases.map(([a, b]) => a.reduce((sum, x, i) => sum + x * (b[i] as number), 0)));
  });
});
