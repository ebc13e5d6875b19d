/** Which tensors of a model are integers, so that nothing float is left unseen. */
import * as tf from '@tensorflow/tfjs';
import type { QuantSpec } from '../quant-spec.js';
import { handlingOf, twinOf } from './layer-table.js';
import { type AnyQuantLayer, isQuantLayer } from './registry.js';

/**
 * What a tensor is: `levels` of a grid; `int32`, sums of products of levels; `integers` that a layer moves, selects or sums without rounding; `float`.
 */
export type TensorKind = 'levels' | 'int32' | 'integers' | 'float';

/** One tensor of a model. */
export interface AuditRow {
  /** Name of the layer, those of the models that hold it in front: `encoder/conv1`. */
  readonly layer: string;
  /** `weights`, `activations` and `skips` as in the layer's specs; `sum`; `activation`; `output` of a layer that is not quantized. */
  readonly tensor: string;
  readonly kind: TensorKind;
  /** The grid, or why the tensor is float. */
  readonly what: string;
  /** The largest magnitude that the integers of an `int32` can reach with the current weights, where that is known. */
  readonly bound: number | null;
}

/** What a model computes with. */
export interface ModelAudit {
  readonly rows: readonly AuditRow[];
  /** The rows that are float. */
  readonly float: readonly AuditRow[];
  /** Sums that may reach `2^24`, where float32 begins to round integers; an integer network would not. */
  readonly inexact: readonly AuditRow[];
}

/** Integers of larger magnitude are not all float32 numbers. */
const EXACT = 2 ** 24;

/**
 * The tensors of a model between its inputs and its outputs. Layers that warm up count as float: that is how they compute. Layers that are not known count as
 * float. Bounds of sums are those of the current kernels: `max |qx| * sum |qw| + |bias|`, the largest of all output channels.
 *
 * @throws QuantError when a layer is not built
 *
 * @example
 * const { float } = auditModel(model);
 * if (float.length > 0) throw new Error(float.map(({ layer, what }) => `${layer}: ${what}`).join('\n'));
 */
export function auditModel(model: tf.LayersModel): ModelAudit {
  const rows = rowsOf(model, '');
  return {
    rows,
    float: rows.filter(({ kind }) => kind === 'float'),
    inexact: rows.filter(({ bound }) => bound !== null && bound >= EXACT),
  };
}

function rowsOf(model: tf.LayersModel, prefix: string): readonly AuditRow[] {
  return model.layers.flatMap((layer): readonly AuditRow[] => {
    const name = `${prefix}${layer.name}`;
    if (layer instanceof tf.LayersModel) return rowsOf(layer, `${name}/`);
    if (isQuantLayer(layer)) return quantRows(layer, name);
    const className = layer.getClassName();
    const why = twinOf(className) ? 'the layer is not quantized' : handlingOf(className).float(layer.getConfig());
    return [
      {
        layer: name,
        tensor: 'output',
        kind: why ? 'float' : 'integers',
        what: why ?? className,
        bound: null,
      },
    ];
  });
}

function quantRows(layer: AnyQuantLayer, name: string): readonly AuditRow[] {
  const { calls, of } = layer.warmUp;
  const waits = calls < of ? `warm-up, ${calls} of ${of} calls` : null;
  const row = (tensor: string, float: string | null, kind: TensorKind, what: string): AuditRow => ({
    layer: name,
    tensor,
    kind: float ? 'float' : kind,
    what: float ?? what,
    bound: kind === 'int32' ? layer.largestSum() : null,
  });
  const specs = Object.entries<QuantSpec | null>(layer.quantization.specs);
  const rows = specs.map(([role, spec]) =>
    spec ? row(role, waits, 'levels', gridText(spec)) : row(role, 'no spec', 'levels', ''),
  );
  if (layer.getClassName() !== 'Quantize') {
    const float = rows.find(({ kind }) => kind === 'float');
    rows.push(row('sum', float ? `${float.tensor}: ${float.what}` : null, 'int32', 'times the steps, bias included'));
  }
  const activation = handlingOf(layer.getClassName()).float(layer.getConfig());
  return activation ? [...rows, row('activation', activation, 'float', '')] : rows;
}

/** A grid in words: `4-bit signed narrow midtread, a step per channel, lsq-log`. */
function gridText({ bits, signed, narrow, affine, grid, granularity, quantizer }: QuantSpec): string {
  const shape = [signed ? 'signed' : 'unsigned', ...(narrow ? ['narrow'] : []), ...(affine ? ['affine'] : []), grid];
  return `${bits}-bit ${shape.join(' ')}, ${granularity === 'channel' ? 'a step per channel' : 'one step'}, ${quantizer}`;
}
