/**
 * The plan of a model: its kernels in order, each accumulator fused with the `requantize` nodes that read it, and a memory arena.
 *
 * There is no downsampling and every tensor has `factor^2 * channels` bytes for each pixel of the input image, so slots are assigned by liveness when the
 * model is loaded, in bytes per pixel, and hold for every image size.
 */
import type { AccumulateKernel, KernelTable, MoveKernel, Preparation, RequantizeKernel } from './kernels/kernel.js';
import type { AddNode, Conv2dNode, IntegerModel, IntegerNode, RequantizeNode } from './model.js';
import { inputsOf, type LevelsInfo, type ModelInfo, type ValueInfo, validateModel } from './validate.js';

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

/** Rows of levels move from one tensor to another; `null` stands for the caller's image, input or output. */
export interface MoveStep {
  readonly kind: 'move';
  readonly kernel: MoveKernel;
  readonly from: PlannedTensor | null;
  readonly to: PlannedTensor | null;
  /** Work for each pixel of the input image, in multiply-adds or the like. */
  readonly work: number;
}

/** Accumulators are computed block by block, and every consumer requantizes the block at once. */
export interface FusedStep {
  readonly kind: 'fused';
  readonly kernel: AccumulateKernel;
  readonly from: readonly PlannedTensor[];
  readonly to: readonly { readonly kernel: RequantizeKernel; readonly tensor: PlannedTensor }[];
  readonly work: number;
}

export type Step = MoveStep | FusedStep;

export interface Plan {
  readonly steps: readonly Step[];
  /** Sizes of the arena's slots, in bytes for each pixel of the input image. */
  readonly slots: readonly number[];
  /** Elements of the largest tensor for each pixel of the input image. */
  readonly largest: number;
  /** Upscaling factor. */
  readonly scale: number;
  /** Total work for each pixel of the input image. */
  readonly work: number;
}

/**
 * Validates a model and plans it for a backend.
 *
 * @throws FormatError for a model that breaks the rules of the format
 */
export function planModel(model: IntegerModel, kernels: KernelTable, where = 'planModel'): Plan {
  const infos = validateModel(model, where);
  const groups = groupNodes(model.nodes);
  const { tensors, slots } = assignSlots(groups, infos);
  const prepare = (node: IntegerNode): Preparation => ({
    inputs: inputsOf(node)
      .map((name) => infos.get(name))
      .filter(isLevels),
    info: find(infos, node.name),
    tensor: (key) => find(model.tensors, key),
  });
  const steps = groups.map((group) => planStep(group, kernels, tensors, prepare));
  return {
    steps,
    slots,
    largest: Math.max(3 * model.scale ** 2, ...[...tensors.values()].map(bytesPerPixel)),
    scale: model.scale,
    work: steps.reduce((sum, { work }) => sum + work, 0),
  };
}

function planStep(
  { head, tails }: Group,
  kernels: KernelTable,
  tensors: ReadonlyMap<string, PlannedTensor>,
  prepare: (node: IntegerNode) => Preparation,
): Step {
  const preparation = prepare(head);
  const from = inputsOf(head).map((name) => find(tensors, name));
  const [first = null] = from;
  switch (head.op) {
    case 'input':
      return move(kernels.input(head, preparation), null, find(tensors, head.name));
    case 'pixelShuffle':
      return move(kernels.pixelShuffle(head, preparation), first, find(tensors, head.name));
    case 'output':
      return move(kernels.output(head, preparation), first, null);
    case 'conv2d':
    case 'add': {
      const kernel = head.op === 'add' ? kernels.add(head, preparation) : kernels.conv2d(head, preparation);
      const to = tails.map((tail) => ({
        kernel: kernels.requantize(tail, prepare(tail)),
        tensor: find(tensors, tail.name),
      }));
      return { kind: 'fused', kernel, from, to, work: kernel.work * preparation.info.factor ** 2 };
    }
  }
}

function move(kernel: MoveKernel, from: PlannedTensor | null, to: PlannedTensor | null): MoveStep {
  const tensor = to ?? from;
  return { kind: 'move', kernel, from, to, work: tensor === null ? 0 : bytesPerPixel(tensor) };
}

type Head = Exclude<IntegerNode, RequantizeNode>;

interface Group {
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
function find<T>(source: ReadonlyMap<string, T> | Readonly<Record<string, T>>, key: string): T {
  const value = source instanceof Map ? source.get(key) : (source as Readonly<Record<string, T>>)[key];
  if (value === undefined) throw new Error(`[runtime] planModel: ${key} must exist after validation`);
  return value;
}
