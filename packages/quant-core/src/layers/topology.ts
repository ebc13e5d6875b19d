/**
 * The layers of a model as data: names, configurations and who feeds whom. Edited, it becomes a new model.
 */
import * as tf from '@tensorflow/tfjs';
import { QuantError } from '../error.js';
import type { LayerConfig } from './layer-table.js';

/** One layer. */
export interface LayerEntry {
  readonly name: string;
  readonly className: string;
  readonly config: LayerConfig;
  /** Each time the layer is applied: who feeds it. A sequential model's first layer is fed by nobody. */
  readonly inputs: readonly (readonly Source[])[];
}

/** A tensor, by the layer that makes it, that layer's application, and its place among the outputs; and, for an input, the options of the call. */
export type Source = readonly [layer: string, node: number, tensor: number, options?: LayerConfig];

/** A model: its layers in the order of the model, and which tensors go in and out. */
export interface Topology {
  readonly kind: 'Model' | 'Sequential';
  readonly name: string;
  readonly layers: readonly LayerEntry[];
  readonly inputs: readonly Source[];
  readonly outputs: readonly Source[];
}

/** A model of layers as `getConfig` of a functional model writes it. */
interface FunctionalConfig {
  readonly layers: readonly {
    readonly name: string;
    readonly className: string;
    readonly config: LayerConfig;
    readonly inboundNodes: Source[][];
  }[];
  readonly inputLayers: Source[];
  readonly outputLayers: Source[];
}

/** The topology of a model. @throws QuantError for a sequential model without layers */
export function topologyOf(model: tf.LayersModel): Topology {
  // Configurations hold functions and shared arrays; their JSON is what a saved model would hold.
  const config: unknown = JSON.parse(JSON.stringify(model.getConfig()));
  if (!(model instanceof tf.Sequential)) {
    const { layers, inputLayers, outputLayers } = config as FunctionalConfig;
    const entries = layers.map(({ inboundNodes, ...layer }) => ({ ...layer, inputs: inboundNodes }));
    return { kind: 'Model', name: model.name, layers: entries, inputs: inputLayers, outputs: outputLayers };
  }
  const { layers } = config as { layers: { className: string; config: LayerConfig }[] };
  if (layers.length === 0) throw new QuantError('topologyOf', `model ${model.name} must have layers`, 'add some');
  const names = layers.map((layer) => String(layer.config['name']));
  const entries = layers.map((layer, i) => ({
    ...layer,
    name: names[i] as string,
    inputs: i === 0 ? [] : [[sourceOf(names[i - 1] as string)]],
  }));
  return {
    kind: 'Sequential',
    name: model.name,
    layers: entries,
    inputs: [],
    outputs: [sourceOf(names.at(-1) as string)],
  };
}

/** The first output of a layer's first application. */
export function sourceOf(layer: string): Source {
  return [layer, 0, 0];
}

/** The model of a topology, with weights of its initializers. */
export async function modelOf({ kind, name, layers, inputs, outputs }: Topology): Promise<tf.LayersModel> {
  const functional = () => ({
    name,
    layers: layers.map(({ inputs: inboundNodes, ...layer }) => ({ ...layer, inboundNodes })),
    inputLayers: inputs,
    outputLayers: outputs,
  });
  const sequential = () => ({ name, layers: layers.map(({ className, config }) => ({ className, config })) });
  const topology = { className: kind, config: kind === 'Model' ? functional() : sequential() };
  return tf.models.modelFromJSON(JSON.parse(JSON.stringify(topology)));
}

/** A topology without a layer; whoever it fed is fed by `by`. */
export function without(topology: Topology, layer: string, by: string): Topology {
  const moved = (sources: readonly Source[]) =>
    sources.map((source): Source => {
      const [from, , , ...options] = source;
      return from === layer ? [by, 0, 0, ...options] : source;
    });
  return {
    ...topology,
    layers: topology.layers
      .filter(({ name }) => name !== layer)
      .map((entry) => ({ ...entry, inputs: entry.inputs.map(moved) })),
    outputs: moved(topology.outputs),
  };
}

/** How many times the outputs of a layer are used, as the model's output included. */
export function usesOf({ layers, outputs }: Topology, name: string): number {
  const sources = [...layers.flatMap(({ inputs }) => inputs.flat()), ...outputs];
  return sources.filter(([layer]) => layer === name).length;
}
