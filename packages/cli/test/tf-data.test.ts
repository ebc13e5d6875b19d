/** `toTfData` with the real TensorFlow.js. */
import { openPatchStream, toTfData } from '@fqsr/datasets';
import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';

it('gives a tf.data dataset', async () => {
  await tf.setBackend('cpu');
  using stream = await openPatchStream('dead-leaves:2:32', { scale: 2, patchSize: 4, batchSize: 3, seed: 1 });
  const shapes: number[][] = [];
  let sum = 0;
  await toTfData(tf, stream, { count: 3 }).forEachAsync((element) => {
    const { xs, ys } = element as { xs: tf.Tensor; ys: tf.Tensor };
    shapes.push(xs.shape, ys.shape);
    sum += xs.dataSync()[0] as number;
    tf.dispose([xs, ys]);
  });
  expect(shapes).toEqual(
    Array.from({ length: 3 }, () => [
      [3, 4, 4, 3],
      [3, 8, 8, 3],
    ]).flat(),
  );
  let expected = 0;
  for (let cursor = 0; cursor < 3; cursor++) expected += (await stream.batch(cursor)).lr[0] as number;
  expect(sum).toBe(expected);
  expect(tf.memory().numTensors).toBe(0);
});
