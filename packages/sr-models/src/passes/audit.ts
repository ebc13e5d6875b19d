/**
 * The audit pass: which grid each tensor between the 8-bit input image and the 8-bit output image lives on. A network is fully quantized when no row says
 * float: weights, convolution inputs, both inputs of every add and the output are levels of at most 8 bits; biases, accumulators and sums are int32.
 */
import { levelRange, type QuantSpec } from '@fqsr/quant-core/spec';
import type { IntegerModel, IntegerNode } from '@fqsr/runtime/format';
import { type Graph, inputsOf, nodesByName } from '../graph.js';
import { type Shape, shapes } from './shapes.js';

/** One tensor. */
export interface AuditRow {
  /** Node or parameter that owns the tensor. */
  readonly tensor: string;
  readonly role: 'image' | 'weights' | 'bias' | 'activations' | 'skips' | 'accumulator' | 'sum' | 'outputs';
  /** Values for one low-resolution pixel, or parameters. */
  readonly size: number;
  /** For example `int4 [-7, 7] per channel`, `int32`, `float32`. */
  readonly grid: string;
  readonly bits: number;
  readonly integer: boolean;
}

/** The rows and the verdict. */
export interface Audit {
  readonly rows: readonly AuditRow[];
  readonly fullyQuantized: boolean;
  /** Tensors that are not integers. */
  readonly floats: readonly string[];
}

/** Audits a graph, as its quantizers stand. */
export function auditGraph(graph: Graph): Audit {
  const byName = nodesByName(graph);
  const shapeOf = shapes(graph);
  const size = (name: string): number => {
    const { channels, factor } = shapeOf.get(name) as Shape;
    return channels * factor ** 2;
  };
  /** Whether a value is levels, or an exact integer combination of levels. */
  const isInteger = (name: string): boolean => {
    const node = byName.get(name);
    if (!node) return false;
    if (node.op === 'input' || node.op === 'quantize') return true;
    if (node.op === 'conv2d') return node.weights !== null && isLevels(node.input);
    return inputsOf(node).every(node.op === 'add' ? isLevels : isInteger);
  };
  const isLevels = (name: string): boolean => {
    const node = byName.get(name);
    if (node?.op === 'pixelShuffle' || node?.op === 'output') return isLevels(node.input);
    return (node?.op === 'input' || node?.op === 'quantize') && isInteger(name);
  };
  const rows: AuditRow[] = [];
  for (const node of graph.nodes) {
    const { name } = node;
    if (node.op === 'input') {
      rows.push({ ...imageRow(name, node.zeroPoint), size: size(name) });
    } else if (node.op === 'conv2d') {
      const integer = isInteger(name);
      const weights = node.kernel[0] * node.kernel[1] * node.inChannels * node.outChannels;
      rows.push({ tensor: `${name}.weight`, role: 'weights', size: weights, ...describe(node.weights) });
      if (!isLevels(node.input))
        rows.push({ tensor: `${name} input`, role: 'activations', size: size(node.input), ...describe(null) });
      rows.push({ tensor: `${name}.bias`, role: 'bias', size: node.outChannels, ...wide(integer) });
      rows.push({ tensor: name, role: 'accumulator', size: size(name), ...wide(integer) });
    } else if (node.op === 'add') {
      for (const input of node.inputs) {
        if (!isLevels(input))
          rows.push({ tensor: `${name} input ${input}`, role: 'skips', size: size(input), ...describe(null) });
      }
      rows.push({ tensor: name, role: 'sum', size: size(name), ...wide(isInteger(name)) });
    } else if (node.op === 'quantize') {
      rows.push({ tensor: name, role: node.role as AuditRow['role'], size: size(name), ...describe(node.spec) });
    } else if (node.op === 'output' && !isLevels(node.input)) {
      rows.push({ tensor: name, role: 'outputs', size: size(name), ...describe(null) });
    }
  }
  return verdict(rows);
}

/** Audits a lowered model: what the file really holds. */
export function auditModel(model: IntegerModel): Audit {
  const factor = new Map<string, number>();
  const channels = new Map<string, number>();
  const rows: AuditRow[] = [];
  for (const node of model.nodes) {
    const source = node.op === 'input' ? '' : node.op === 'add' ? node.inputs[0] : node.input;
    const up = node.op === 'pixelShuffle' ? node.factor : 1;
    factor.set(node.name, (factor.get(source) ?? 1) * up);
    channels.set(node.name, channelsAfter(node, channels.get(source) ?? 0));
    const size = (channels.get(node.name) as number) * (factor.get(node.name) as number) ** 2;
    rows.push(...modelRows(node, size, model));
  }
  return verdict(rows);
}

function channelsAfter(node: IntegerNode, before: number): number {
  if (node.op === 'input') return node.channels;
  if (node.op === 'conv2d') return node.outChannels;
  return node.op === 'pixelShuffle' ? before / node.factor ** 2 : before;
}

function modelRows(node: IntegerNode, size: number, model: IntegerModel): readonly AuditRow[] {
  switch (node.op) {
    case 'input':
      return [{ ...imageRow(node.name, node.zeroPoint), size }];
    case 'conv2d':
      return [
        {
          tensor: node.weight,
          role: 'weights',
          size: model.tensors[node.weight]?.length ?? 0,
          grid: `int${node.weightBits} per channel`,
          bits: node.weightBits,
          integer: true,
        },
        { tensor: node.bias, role: 'bias', size: node.outChannels, ...wide(true) },
        { tensor: node.name, role: 'accumulator', size, ...wide(true) },
      ];
    case 'add':
      return [{ tensor: node.name, role: 'sum', size, ...wide(true) }];
    case 'requantize': {
      const { bits, signed, scale } = node.grid;
      const role = /\.[ab]$/.test(node.name) ? 'skips' : node.name.startsWith('output') ? 'outputs' : 'activations';
      const grid = `${signed ? 'int' : 'uint'}${bits} [${node.qmin}, ${node.qmax}] step ${scale.toPrecision(4)}`;
      return [{ tensor: node.name, role, size, grid, bits, integer: true }];
    }
    default:
      return [];
  }
}

function imageRow(tensor: string, zeroPoint: readonly number[]): Omit<AuditRow, 'size'> {
  return { tensor, role: 'image', grid: `uint8, zero at ${zeroPoint.join('/')}`, bits: 8, integer: true };
}

function describe(spec: QuantSpec | null): Pick<AuditRow, 'grid' | 'bits' | 'integer'> {
  if (!spec) return { grid: 'float32', bits: 32, integer: false };
  const { qmin, qmax } = levelRange(spec);
  const channel = spec.granularity === 'channel' ? ' per channel' : '';
  return {
    grid: `${spec.signed ? 'int' : 'uint'}${spec.bits} [${qmin}, ${qmax}]${channel}`,
    bits: spec.bits,
    integer: true,
  };
}

function wide(integer: boolean): Pick<AuditRow, 'grid' | 'bits' | 'integer'> {
  return { grid: integer ? 'int32' : 'float32', bits: 32, integer };
}

function verdict(rows: readonly AuditRow[]): Audit {
  const floats = rows.filter(({ integer }) => !integer).map(({ tensor }) => tensor);
  return { rows, fullyQuantized: floats.length === 0, floats };
}
