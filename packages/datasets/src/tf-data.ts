/**
 * Batches as a `tf.data` dataset. TensorFlow.js is the caller's: nothing here imports it.
 */
import { batchesFrom } from './iterate.js';
import type { PatchStream } from './stream.js';

/** The part of TensorFlow.js that {@link toTfData} needs: `import * as tf from '@tensorflow/tfjs'`. */
export interface TfLike<Tensor, Dataset> {
  tensor4d(values: Float32Array, shape: [number, number, number, number]): Tensor;
  readonly data: {
    // `never`: TensorFlow.js declares a synchronous iterator here and takes an asynchronous one just as well.
    generator(make: never): Dataset;
  };
}

/** Which batches. */
export interface TfDataOptions {
  /** First cursor; 0 by default. */
  readonly from?: number;
  /** Batches; without end by default. */
  readonly count?: number;
}

/**
 * A dataset of `{ xs, ys }`: the low-resolution patches `[batch, size, size, 3]` and the high-resolution ones, 0..255. Every iteration starts from the same cursor.
 * Whoever takes an element disposes its tensors, as `model.fitDataset` does.
 *
 * @example
 * await model.fitDataset(toTfData(tf, stream, { count: 100 }), { epochs: 1 });
 */
export function toTfData<Tensor, Dataset>(
  tf: TfLike<Tensor, Dataset>,
  stream: PatchStream,
  { from = 0, count = Number.POSITIVE_INFINITY }: TfDataOptions = {},
): Dataset {
  const tensor = (samples: Float32Array, batch: number, side: number) => tf.tensor4d(samples, [batch, side, side, 3]);
  const make = async function* () {
    if (count <= 0) return;
    let left = count;
    for await (const { lr, hr, batchSize, patchSize, scale } of batchesFrom(stream, from)) {
      yield { xs: tensor(lr, batchSize, patchSize), ys: tensor(hr, batchSize, patchSize * scale) };
      if (--left <= 0) return;
    }
  };
  return tf.data.generator(make as never);
}
