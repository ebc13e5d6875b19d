/**
 * The layout of a model in memory: which accumulators are fused with the `requantize` nodes that read them, and an arena for what is stored.
 *
 * There is no downsampling and every tensor has `factor^2 * channels` bytes for each pixel of the input image, so slots are assigned by liveness when the
 * model is loaded, in bytes per pixel, and hold for every image size.
 */
import type { Preparation } from './kernels/kernel.js';
import type { AddNode, Conv2dNode, IntegerNode, RequantizeNode } from './model.js';
import { type CheckedModel, inputsOf, type LevelsInfo, type ModelInfo, type ValueInfo } from './model-info.js';

/** A stored tensor. */
export interface PlannedTensor {
  readonly name: string;
  readonly channels: number;
  /** Height and width in units of the input image's. */
  readonly factor: number;
  readonly signed: boolean;
  /** Index of its memory in {@link Plan.slots}. */
  readonly slot: number;
}

/** What every backend plans from. */
export interface Layout {
  readonly groups: readonly Group[];
  readonly tensors: ReadonlyMap<string, PlannedTensor>;
  /** Sizes of the arena's slots, in bytes for each pixel of the input image. */
  readonly slots: readonly number[];
  /** Elements of the largest tensor for each pixel of the input image. */
  readonly largest: number;
  /** Upscaling factor. */
  readonly scale: number;
  /** What a node's kernel is prepared from. */
  prepare(node: IntegerNode): Preparation;
}

/** Lays a model out. */
export function layoutModel({ model, values: infos }: CheckedModel): Layout {
  const groups = groupNodes(model.nodes);
  const { tensors, slots } = assignSlots(groups, infos);
  return {
    groups,
    tensors,
    slots,
    largest: Math.max(3 * model.scale ** 2, ...[...tensors.values()].map(bytesPerPixel)),
    scale: model.scale,
    prepare: (node) => ({
      inputs: inputsOf(node)
        .map((name) => infos.get(name))
        .filter(isLevels),
      info: find(infos, node.name),
      tensor: (key) => find(model.tensors, key),
    }),
  };
}

/** A node that is not fused into the one before it. */
export type Head = Exclude<IntegerNode, RequantizeNode>;

/** What one step computes. */
export interface Group {
  readonly head: Head;
  /** The requantize nodes that read the head's accumulator. */
  readonly tails: readonly RequantizeNode[];
}

function groupNodes(nodes: readonly IntegerNode[]): readonly Group[] {
  const tails = new Map<string, RequantizeNode[]>();
  const groups: Group[] = [];
  for (const node of nodes) {
    if (node.op === 'requantize') {
      tails.get(node.input)?.push(node);
      continue;
    }
    const own: RequantizeNode[] = [];
    if (isAccumulator(node)) tails.set(node.name, own);
    groups.push({ head: node, tails: own });
  }
  return groups;
}

/** Best fit over the slots that are free; a step's outputs never share memory with its inputs. */
function assignSlots(groups: readonly Group[], infos: ModelInfo) {
  const lastUse = new Map<string, number>();
  for (const [i, { head }] of groups.entries()) for (const name of inputsOf(head)) lastUse.set(name, i);
  const tensors = new Map<string, PlannedTensor>();
  const slots: number[] = [];
  const free = new Set<number>();
  for (const [i, { head, tails }] of groups.entries()) {
    for (const name of isAccumulator(head) ? tails.map((tail) => tail.name) : [head.name]) {
      const info = find(infos, name);
      if (!isLevels(info) || head.op === 'output') continue;
      const { channels, factor, signed } = info;
      const size = channels * factor * factor;
      const slot = chooseSlot(slots, free, size);
      slots[slot] = Math.max(slots[slot] ?? 0, size);
      free.delete(slot);
      tensors.set(name, { name, channels, factor, signed, slot });
    }
    for (const name of new Set(inputsOf(head))) if (lastUse.get(name) === i) free.add(find(tensors, name).slot);
  }
  return { tensors, slots };
}

/** The smallest free slot that is large enough, or else the largest free one, which grows, or else a new one. */
function chooseSlot(slots: readonly number[], free: ReadonlySet<number>, size: number): number {
  const sizeOf = (slot: number) => slots[slot] ?? 0;
  const bySize = [...free].sort((a, b) => sizeOf(a) - sizeOf(b));
  return bySize.find((slot) => sizeOf(slot) >= size) ?? bySize.at(-1) ?? slots.length;
}

/** Bytes of a tensor for each pixel of the input image. */
export function bytesPerPixel({ channels, factor }: PlannedTensor): number {
  return channels * factor * factor;
}

function isAccumulator(node: IntegerNode): node is Conv2dNode | AddNode {
  return node.op === 'conv2d' || node.op === 'add';
}

function isLevels(info: ValueInfo | undefined): info is LevelsInfo {
  return info?.kind === 'levels';
}

/** What a validated model is known to contain. */
export function find<T>(source: ReadonlyMap<string, T> | Readonly<Record<string, T>>, key: string): T {
  const value = source instanceof Map ? source.get(key) : (source as Readonly<Record<string, T>>)[key];
  if (value === undefined) throw new Error(`[runtime] planModel: ${key} must exist after validation`);
  return value;
}
