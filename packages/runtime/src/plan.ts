/** The plan of a model for kernels of TypeScript, in order, each accumulator fused with the `requantize` nodes that read it. */
import type { AccumulateKernel, KernelTable, MoveKernel, Preparation, RequantizeKernel } from './kernels/kernel.js';
import { bytesPerPixel, find, type Group, layoutModel, type PlannedTensor } from './layout.js';
import type { IntegerNode } from './model.js';
import { type CheckedModel, inputsOf } from './model-info.js';

export type { PlannedTensor } from './layout.js';

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

/** Plans a model for a backend. */
export function planModel(checked: CheckedModel, kernels: KernelTable): Plan {
  const { groups, tensors, slots, largest, scale, prepare } = layoutModel(checked);
  const steps = groups.map((group) => planStep(group, kernels, tensors, prepare));
  return { steps, slots, largest, scale, work: steps.reduce((sum, { work }) => sum + work, 0) };
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
