/** Speed of the reference backend's convolution in 10^9 multiply-adds per second, one thread: `npm run bench -w packages/runtime`. */
import { bench, describe } from 'vitest';
import type { Emit } from '../src/kernels/kernel.js';
import { referenceKernels } from '../src/kernels/reference/index.js';
import { planModel } from '../src/plan.js';
import { execute } from '../src/run.js';
import { checkModel } from '../src/validate.js';
import { edsr, randomImage } from '../test/models.js';

describe.each([
  { features: 16, weightBits: 4, bits: 4 },
  { features: 64, weightBits: 4, bits: 4 },
  { features: 16, weightBits: 8, bits: 8 },
  { features: 64, weightBits: 8, bits: 8 },
])('3x3, $features to $features channels, w$weightBits a$bits', ({ features, weightBits, bits }) => {
  const side = 96;
  const plan = planModel(checkModel(edsr({ features, weightBits, bits, blocks: 1 }), 'bench'), referenceKernels);
  const image = randomImage(1, side, side);
  for (const _ of execute(plan, image)); // warms up
  const step = plan.steps[2];
  if (step?.kind !== 'fused') throw new Error('step 2 must be a convolution');
  const tensor = { levels: randomImage(2, side, side * features).data, width: side, height: side, channels: features };
  const to = { ...tensor, levels: new Uint8Array(side * side * features) };
  const emit: Emit = (acc, y, x0, pixels) => step.to[0]?.kernel.run(acc, pixels, to.levels, (y * side + x0) * features);
  let best = Number.POSITIVE_INFINITY;
  bench(
    'conv2d + requantize',
    () => {
      const start = performance.now();
      for (let x0 = 0; x0 < side; x0 += 32) step.kernel.block([tensor], { y0: 0, y1: side, x0, x1: x0 + 32 }, emit);
      best = Math.min(best, performance.now() - start);
    },
    {
      time: 500,
      teardown: (_task, mode) => {
        if (mode === 'run') {
          const rate = (step.work * side * side) / best / 1e6;
          console.log(`w${weightBits}a${bits}, ${features} channels: ${rate.toFixed(2)} GMAC/s`);
        }
      },
    },
  );
});

describe('a whole network', () => {
  const side = 64;
  const model = edsr({ features: 64, blocks: 4, weightBits: 4, bits: 4 });
  const plan = planModel(checkModel(model, 'bench'), referenceKernels);
  const image = randomImage(1, side, side);
  let best = Number.POSITIVE_INFINITY;
  bench(
    model.name,
    () => {
      const start = performance.now();
      for (const _ of execute(plan, image));
      best = Math.min(best, performance.now() - start);
    },
    {
      time: 1000,
      teardown: (_task, mode) => {
        if (mode !== 'run') return;
        const rate = (plan.work * side * side) / best / 1e6;
        console.log(`${model.name}: ${rate.toFixed(2)} GMAC/s, ${((1e3 * best) / side ** 2).toFixed(1)} us per pixel`);
      },
    },
  );
});
