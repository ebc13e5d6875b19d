import { describe, expect, it } from 'vitest';
import { edsr } from '../test/models.js';
import { referenceKernels } from './kernels/reference/index.js';
import { bytesPerPixel, type PlannedTensor } from './layout.js';
import { planModel, type Step } from './plan.js';
import { checkModel } from './validate.js';

const reads = (step: Step): readonly PlannedTensor[] =>
  step.kind === 'fused' ? step.from : step.from === null ? [] : [step.from];
const writes = (step: Step): readonly PlannedTensor[] =>
  step.kind === 'fused' ? step.to.map(({ tensor }) => tensor) : step.to === null ? [] : [step.to];

describe('planModel', () => {
  it.each([1, 2, 5])('never overwrites what a later step reads (%i blocks)', (blocks) => {
    const plan = planModel(checkModel(edsr({ blocks, features: 4 }), 'test'), referenceKernels);
    const content = new Map<number, string>();
    for (const step of plan.steps) {
      const kept = reads(step).map(({ slot }) => slot);
      for (const { name, slot } of reads(step)) expect(content.get(slot)).toBe(name);
      for (const tensor of writes(step)) {
        expect(kept).not.toContain(tensor.slot);
        expect(plan.slots[tensor.slot]).toBeGreaterThanOrEqual(bytesPerPixel(tensor));
        content.set(tensor.slot, tensor.name);
        kept.push(tensor.slot);
      }
    }
  });

  it('needs memory that does not grow with depth', () => {
    const bytes = (blocks: number) =>
      planModel(checkModel(edsr({ blocks, features: 4 }), 'test'), referenceKernels).slots.reduce((a, b) => a + b);
    expect(bytes(9)).toBe(bytes(3));
  });

  it('fuses every requantize into the step of its accumulator', () => {
    const model = edsr({ blocks: 2 });
    const plan = planModel(checkModel(model, 'test'), referenceKernels);
    expect(plan.steps.length).toBe(model.nodes.filter(({ op }) => op !== 'requantize').length);
  });

  it('counts the work of a pixel', () => {
    const plan = planModel(checkModel(edsr({ blocks: 1, features: 8, scale: 2 }), 'test'), referenceKernels);
    const macs = 9 * (3 * 8 + 2 * 8 * 8 + 8 * 8 + 8 * 32 + 4 * 8 * 3);
    expect(plan.work).toBe(macs + 2 * 8 + 3 + 4 * 8 + 4 * 3);
  });
});
