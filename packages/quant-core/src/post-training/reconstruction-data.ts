/** What a block is reconstructed on, and the batches drawn from it. */
import * as tf from '@tensorflow/tfjs';

/** Calibration data; the first axis counts samples. The caller owns the tensors. */
export interface ReconstructionData {
  /** What the block will see in the quantized network. */
  readonly inputs: readonly tf.Tensor[];
  /** What it sees in the float network: where given, each learning step mixes the two value by value, as `drop` does. */
  readonly floatInputs?: readonly tf.Tensor[];
  /** The float block's outputs; channels last. */
  readonly targets: tf.Tensor;
}

/** `count` samples from one on. */
export function slice(tensor: tf.Tensor, from: number, count: number): tf.Tensor {
  const rest = tensor.shape.slice(1);
  return tf.slice(tensor, [from, ...rest.map(() => 0)], [count, ...rest]);
}

/** Samples drawn with replacement; of float inputs each value is the quantized one with probability `quantizedShare`. */
export function drawBatch(
  { inputs, floatInputs, targets }: ReconstructionData,
  { batchSize, quantizedShare }: { readonly batchSize: number; readonly quantizedShare: number },
  random: () => number,
): { readonly inputs: readonly tf.Tensor[]; readonly targets: tf.Tensor } {
  const samples = targets.shape[0] as number;
  const picked = Int32Array.from({ length: batchSize }, () => Math.floor(random() * samples));
  const rows = tf.tensor1d(picked, 'int32');
  const batch = inputs.map((input, i) => {
    const own = tf.gather(input, rows);
    const float = floatInputs?.[i];
    return float ? mix(tf.gather(float, rows), own, quantizedShare, random) : own;
  });
  return { inputs: batch, targets: tf.gather(targets, rows) };
}

/** `quantized` with probability `share`, else `x`, for each value. */
export function mix<R extends tf.Rank>(
  x: tf.Tensor<R>,
  quantized: tf.Tensor<R>,
  share: number,
  random: () => number,
): tf.Tensor<R> {
  if (share === 1) return quantized;
  const kept = Float32Array.from({ length: x.size }, () => (random() < share ? 1 : 0));
  const mask = tf.tensor(kept, x.shape, 'float32');
  return tf.add(x, tf.mul(tf.sub(quantized, x), mask)) as tf.Tensor<R>;
}
