/**
 * What a network costs a GPU, layer by layer, and a model of the time that follows: `npm run bench -w packages/runtime -- bench/webgpu.bench.ts`. No GPU is used and
 * none is measured.
 *
 * The time of a step is at least `max(instructions / rate, bytes / bandwidth) + launch`. Instructions: one for each packed product of four, 12 / 32 for each of those
 * to load its operands from the workgroup's memory, and 40 for each level that is requantized. `rate` is an eighth of the peak in int8 operations, since a packed product
 * is eight of them.
 */
import { bench, describe } from 'vitest';
import { compile } from '../src/kernels/webgpu/program.js';
import type { GpuStep } from '../src/kernels/webgpu/step.js';
import { layoutModel } from '../src/layout.js';
import { checkModel } from '../src/validate.js';
import { edsr } from '../test/models.js';

/**
 * Peaks in int8 operations and bytes per second. Tesla: NVIDIA's data sheets, whose int8 figures are those of packed products (DP4A). Iris Xe: taken as 64 int8
 * operations per unit and clock, four times its float32 rate, and two channels of LPDDR4x-4266.
 */
const gpus = {
  'Tesla P4': { peak: 22e12, bandwidth: 192e9 },
  'Tesla P40': { peak: 47e12, bandwidth: 346e9 },
  'Iris Xe, 96 EU at 1.45 GHz': { peak: 96 * 64 * 1.45e9, bandwidth: 68e9 },
} as const;
/** Seconds between a dispatch and the next. */
const LAUNCH = 5e-6;
/** Instructions for each requantized level. */
const TAIL = 40;

const channelsOf = ({ to }: GpuStep) =>
  to.reduce((sum, port) => sum + (typeof port === 'object' ? port.channels * port.factor ** 2 : 0), 0);
const instructions = (step: GpuStep) => step.dots * (1 + 12 / 32) + (step.constants ? TAIL * channelsOf(step) : 0);
const seconds = (step: GpuStep, pixels: number, { peak, bandwidth }: (typeof gpus)[keyof typeof gpus]) =>
  Math.max((instructions(step) * pixels * 8) / peak, (step.traffic * pixels) / bandwidth) + LAUNCH;

describe('EDSR of 16 blocks and 64 features, x4 by one shuffle', () => {
  const model = edsr({ features: 64, blocks: 16, scale: 4, weightBits: 8, bits: 8 });
  const layout = layoutModel(checkModel(model, 'bench'));
  const options = { dialect: 'packed', outputs: 5, shared: 16384 } as const;
  const { steps } = compile(layout, options);
  const seen = new Set<string>();
  console.log('step: multiply-adds, bytes, multiply-adds per byte; all for each pixel of the input');
  for (const step of steps) {
    if (seen.has(step.code)) continue;
    seen.add(step.code);
    const count = steps.filter(({ code }) => code === step.code).length;
    const { name, work, traffic } = step;
    console.log(`${name} (${count} of it): ${work}, ${Math.round(traffic)}, ${(work / traffic).toFixed(1)}`);
  }
  for (const [name, gpu] of Object.entries(gpus)) {
    const pixels = 128 * 128;
    const total = steps.reduce((sum, step) => sum + seconds(step, pixels, gpu), 0);
    const microseconds = ((total * 1e6) / pixels).toFixed(3);
    console.log(`${name}, 128 x 128: at least ${(total * 1e3).toFixed(2)} ms, ${microseconds} us per pixel`);
  }
  bench('compiling it to kernels', () => void compile(layout, options), { time: 200 });
});
