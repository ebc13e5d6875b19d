/** What a graph says of its nodes and proves about their values. */
import type { Conv2dNode, IntegerModel, IntegerNode } from './model.js';

/** A stored tensor, as the graph proves it. */
export interface LevelsInfo {
  readonly kind: 'levels';
  readonly channels: number;
  /** Height and width in units of the input image's. */
  readonly factor: number;
  readonly bits: number;
  readonly signed: boolean;
  /** For each channel. */
  readonly zeroPoint: readonly number[];
  /** The value of a level is `q - z` with spacing 1, and `2 * (q - z) + 1` with spacing 2. */
  readonly spacing: 1 | 2;
  /** Step of all channels, or of each. */
  readonly scale: number | readonly number[];
  /** Bounds of the levels, both inclusive. */
  readonly qmin: number;
  readonly qmax: number;
}

/** An int32 value, as the graph proves it. */
export interface AccumulatorInfo {
  readonly kind: 'accumulator';
  readonly channels: number;
  readonly factor: number;
  /** Bound of the magnitude of the value and of every partial sum, all channels. */
  readonly bound: number;
}

export type ValueInfo = LevelsInfo | AccumulatorInfo;

/** What is known of the value of each node, by name. */
export type ModelInfo = ReadonlyMap<string, ValueInfo>;

/** A model that was checked, once: what trusts it takes this. */
export interface CheckedModel {
  readonly model: IntegerModel;
  readonly values: ModelInfo;
}

/** The names of a node's inputs. */
export function inputsOf(node: IntegerNode): readonly string[] {
  if (node.op === 'input') return [];
  return node.op === 'add' ? node.inputs : [node.input];
}

/** Output channels, height, width, input channels. */
export function weightShape({ outChannels, kernel, inChannels }: Conv2dNode): readonly number[] {
  return [outChannels, ...kernel, inChannels];
}
