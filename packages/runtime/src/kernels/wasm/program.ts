/**
 * A model as commands in a machine's memory: constants once, when it is loaded; addresses and sizes of tensors anew for every image.
 */
import type { Layout, PlannedTensor } from '../../layout.js';
import type { AddNode, Conv2dNode, IntegerNode, PixelShuffleNode, RequantizeNode } from '../../model.js';
import type { AccumulatorInfo, LevelsInfo } from '../../model-info.js';
import { inputsOf } from '../../model-info.js';
import { macsPerPixel } from '../kernel.js';
import { type Algorithm, chooseAlgorithm } from './algorithm.js';
import { type Binding, type Compiler, compileSource, compileTails, type Struct, tensorOf } from './ends.js';
import type { Machine } from './machine.js';
import { algorithms, COLUMNS, ROWS } from './prepared.js';
import { store, write } from './structs.js';
import { groupsOf } from './weights.js';

/** One kernel's work. */
export interface WasmStep {
  readonly kernel: 'conv2d' | 'add' | 'pixelShuffle';
  readonly node: number;
  /** For people. */
  readonly name: string;
  readonly algorithm: Algorithm | null;
  /** Height and width of what it computes, in units of the image's; a shuffle's source. */
  readonly factor: number;
  /** Rows and columns of a block. */
  readonly rows: number;
  readonly columns: number;
  /** Stored tensors that it reads, with the rows that it needs above and below those it computes. */
  readonly from: readonly { readonly tensor: PlannedTensor; readonly halo: number }[];
  /** Stored tensors that it writes. */
  readonly to: readonly PlannedTensor[];
  /** Multiply-adds or the like for each pixel of the input image. */
  readonly work: number;
  /** Writes addresses and sizes. */
  bind(binding: Binding): void;
}

/** A compiled model. */
export interface Program {
  readonly steps: readonly WasmStep[];
  readonly input: PlannedTensor;
  readonly output: PlannedTensor;
  /** Bytes of a thread's own memory. */
  readonly scratch: number;
  readonly work: number;
}

/** Bytes of the accumulators of a block and of a small temporary behind them. */
const BLOCK_BYTES = 6 * 64 * 64 * 4 + 4096;

/** Writes a model's constants and commands into a machine. */
export function compile(layout: Layout, machine: Machine): Program {
  const zeros = machine.allocate(32);
  const compiler: Compiler = { layout, machine, zeros };
  const steps = layout.groups.flatMap(({ head, tails }) => {
    switch (head.op) {
      case 'conv2d':
        return [compileConv2d(head, tails, compiler)];
      case 'add':
        return [compileAdd(head, tails, compiler)];
      case 'pixelShuffle':
        return [compileShuffle(head, compiler)];
      default:
        return [];
    }
  });
  const end = (op: IntegerNode['op']) => layout.groups.find(({ head }) => head.op === op)?.head as IntegerNode;
  return {
    steps: steps.map(({ step }) => step),
    input: tensorOf(end('input').name, layout),
    output: tensorOf(inputsOf(end('output'))[0] as string, layout),
    scratch: Math.ceil(Math.max(...steps.map(({ scratch }) => scratch)) / 64) * 64,
    work: steps.reduce((sum, { step }) => sum + step.work, 0),
  };
}

interface Compiled {
  readonly step: WasmStep;
  readonly scratch: number;
}

const convFields = {
  source: 0,
  weights: 1,
  biases: 2,
  zeros: 3,
  kernelHeight: 4,
  kernelWidth: 5,
  groups: 6,
  algorithm: 7,
  outputs: 8,
  tails: 9,
  tailCount: 10,
} as const;

function compileConv2d(node: Conv2dNode, tails: readonly RequantizeNode[], compiler: Compiler): Compiled {
  const { layout, machine, zeros } = compiler;
  const { inputs, info, tensor } = layout.prepare(node);
  const [input] = inputs as readonly [LevelsInfo];
  const { bound } = info as AccumulatorInfo;
  const levels = tensor(node.weight);
  const algorithm = chooseAlgorithm(node, input, info as AccumulatorInfo);
  const { number, multiple, pack, rows, columns, staged } = algorithms[algorithm];
  const padded = Math.ceil(node.inChannels / multiple) * multiple;
  const shape = { ...node, padded };
  const groups = groupsOf(node.outChannels);
  const biases = new Int32Array(groups * 8);
  biases.set(tensor(node.bias) as Int32Array);
  const source = compileSource(node.input, input, padded, compiler, node.padding);
  const ends = compileTails(tails, bound, compiler);
  const address = machine.allocate(44);
  write(machine, address, convFields, {
    source: source.address,
    weights: pack(machine, levels, shape),
    biases: store(machine, biases),
    zeros,
    kernelHeight: node.kernel[0],
    kernelWidth: node.kernel[1],
    groups,
    algorithm: number,
    outputs: node.outChannels,
    tails: ends.address,
    tailCount: tails.length,
  });
  return {
    scratch: BLOCK_BYTES + staged(shape),
    step: {
      kernel: 'conv2d',
      node: address,
      name: node.name,
      algorithm,
      factor: input.factor,
      rows,
      columns,
      from: [{ tensor: tensorOf(node.input, layout), halo: (node.kernel[0] - 1) / 2 }],
      to: tails.map(({ name }) => tensorOf(name, layout)),
      work: macsPerPixel(node) * input.factor ** 2,
      bind: (binding) => {
        source.bind(binding);
        ends.bind(binding);
      },
    },
  };
}

function compileAdd(node: AddNode, tails: readonly RequantizeNode[], compiler: Compiler): Compiled {
  const { layout, machine } = compiler;
  const { inputs, info } = layout.prepare(node);
  const sources = node.inputs.map((name, i) => compileSource(name, inputs[i] as LevelsInfo, info.channels, compiler));
  const ends = compileTails(tails, (info as AccumulatorInfo).bound, compiler);
  const address = machine.allocate(16);
  const fields = { left: 0, right: 1, tails: 2, tailCount: 3 };
  const [left, right] = sources as [Struct, Struct];
  const values = { left: left.address, right: right.address, tails: ends.address, tailCount: tails.length };
  write(machine, address, fields, values);
  return {
    scratch: BLOCK_BYTES,
    step: {
      kernel: 'add',
      node: address,
      name: node.name,
      algorithm: null,
      factor: info.factor,
      rows: ROWS,
      columns: COLUMNS,
      from: node.inputs.map((name) => ({ tensor: tensorOf(name, layout), halo: 0 })),
      to: tails.map(({ name }) => tensorOf(name, layout)),
      work: info.channels * info.factor ** 2,
      bind: (binding) => {
        for (const { bind } of [left, right, ends]) bind(binding);
      },
    },
  };
}

function compileShuffle(node: PixelShuffleNode, { layout, machine }: Compiler): Compiled {
  const from = tensorOf(node.input, layout);
  const to = tensorOf(node.name, layout);
  const address = machine.allocate(32);
  const fields = { from: 0, to: 1, width: 2, channels: 3, factor: 4, isCrd: 5, fromRing: 6, toRing: 7 } as const;
  write(machine, address, fields, {
    channels: from.channels,
    factor: node.factor,
    isCrd: node.order === 'crd' ? 1 : 0,
  });
  return {
    scratch: 0,
    step: {
      kernel: 'pixelShuffle',
      node: address,
      name: node.name,
      algorithm: null,
      factor: from.factor,
      rows: 1,
      columns: 2 ** 31 - 1,
      from: [{ tensor: from, halo: 0 }],
      to: [to],
      work: from.channels * from.factor ** 2,
      bind: ({ width, addressOf, ringOf }) =>
        write(machine, address, fields, {
          from: addressOf(from),
          to: addressOf(to),
          fromRing: ringOf(from),
          toRing: ringOf(to),
          width: width * from.factor,
        }),
    },
  };
}
