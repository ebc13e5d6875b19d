/** A model as dispatches, in order. */
import type { Group, Layout } from '../../layout.js';
import { add } from './add.js';
import { conv2d } from './conv2d.js';
import { input } from './input.js';
import { output } from './output.js';
import { pixelShuffle } from './pixelShuffle.js';
import type { Compilation, GpuStep } from './step.js';
import { wordsOf } from './wgsl.js';

/** A compiled model. */
export interface Program {
  readonly steps: readonly GpuStep[];
  /** Bytes of the arena's slots for each pixel of the input image, channels padded to words. */
  readonly slots: readonly number[];
  /** Upscaling factor. */
  readonly scale: number;
  /** Multiply-adds and the like for each pixel of the input image. */
  readonly work: number;
}

export function compile(layout: Layout, options: Omit<Compilation, 'layout'>): Program {
  const compilation = { ...options, layout };
  const steps = layout.groups.flatMap((group) => compileGroup(group, compilation));
  const slots = layout.slots.map((_, slot) =>
    Math.max(
      ...[...layout.tensors.values()].map((tensor) =>
        tensor.slot === slot ? 4 * wordsOf(tensor.channels) * tensor.factor ** 2 : 0,
      ),
    ),
  );
  return { steps, slots, scale: layout.scale, work: steps.reduce((sum, { work }) => sum + work, 0) };
}

function compileGroup({ head, tails }: Group, compilation: Compilation): readonly GpuStep[] {
  switch (head.op) {
    case 'input':
      return input(head, compilation);
    case 'conv2d':
      return conv2d(head, tails, compilation);
    case 'add':
      return add(head, tails, compilation);
    case 'pixelShuffle':
      return pixelShuffle(head, compilation);
    case 'output':
      return output(head, compilation);
  }
}
