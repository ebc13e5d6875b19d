/**
 * The audit pass: which grid each tensor between the 8-bit input image and the 8-bit output image lives on. A network is fully quantized when no row says
 * float: weights, convolution inputs, both inputs of every add and the output are levels of at most 8 bits; biases, accumulators and sums are int32.
 */
import { levelRange, type QuantSpec } from '@fqsr/quant-core/spec';
import { type Graph, inputsOf, nodesByName } from '../graph.js';
import { bilinearTaps } from './bilinear.js';
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

/** Audits a graph, as its quantizers stand; for a file, the graph that `raise` gives. */
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
    if (node.op === 'bilinear') return isLevels(node.input);
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
    } else if (node.op === 'bilinear') {
      const { weights, bits } = bilinearTaps(node);
      const grid = { grid: `int${bits} constant`, bits, integer: true };
      rows.push({ tensor: `${name}.weight`, role: 'weights', size: weights.length, ...grid });
      rows.push({ tensor: name, role: 'accumulator', size: size(name), ...wide(isInteger(name)) });
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

function imageRow(tensor: string, zeroPoint: readonly number[]): Omit<AuditRow, 'size'> {
  return { tensor, role: 'image', grid: `uint8, zero at ${zeroPoint.join('/')}`, bits: 8, integer: true };
}

function describe(spec: QuantSpec | null): Pick<AuditRow, 'grid' | 'bits' | 'integer'> {
  if (!spec) return { grid: 'float32', bits: 32, integer: false };
  const { qmin, qmax } = levelRange(spec);
  const kind = spec.grid === 'midrise' ? ' odd' : spec.affine ? ' affine' : '';
  const channel = spec.granularity === 'channel' ? ' per channel' : '';
  return {
    grid: `${spec.signed ? 'int' : 'uint'}${spec.bits}${kind} [${qmin}, ${qmax}]${channel}`,
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
