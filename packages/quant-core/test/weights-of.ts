import * as tf from '@tensorflow/tfjs';

/** Sets weights of a layer by the last part of their names, and leaves the others. */
export function setWeight(layer: tf.layers.Layer, name: string, values: readonly number[]): void {
  const variable = layer.weights.find(({ originalName }) => originalName.split('/').at(-1) === name);
  if (!variable) throw new Error(`no weight ${name} among ${layer.weights.map(({ originalName }) => originalName)}`);
  tf.tidy(() => void variable.write(tf.tensor([...values], variable.shape as number[], variable.dtype)));
}

/** The numbers of a weight. */
export function weightOf(layer: tf.layers.Layer, name: string): number[] {
  const variable = layer.weights.find(({ originalName }) => originalName.split('/').at(-1) === name);
  return [...(variable as tf.LayerVariable).read().dataSync()];
}
