/**
 * What all quantized layers share: the layer of TensorFlow.js that they wrap, which owns kernel, bias, initializers, regularizers, constraints and the
 * arithmetic of shapes; the learned grids; and the warm-up.
 */
import * as tf from '@tensorflow/tfjs';
import { QuantError } from '../error.js';
import type { Grid } from '../quantizers/types.js';
import { type Scaled, scaled } from '../scaled.js';
import { noiseSeed } from './noise-seed.js';
import {
  type LayerRole,
  parseQuantization,
  type Quantization,
  type QuantizationArgs,
  type SpecRule,
  saveState,
} from './quantization.js';
import { TensorQuantizer } from './tensor-quantizer.js';
import { WarmUp, type WarmUpProgress } from './warm-up.js';

/** Arguments of a quantized layer: those of the layer that it wraps, and its quantization. */
export type QuantArgs<Wrapped, Role extends LayerRole> = Omit<Wrapped, 'weights'> & {
  readonly quantization: QuantizationArgs<Role>;
};

/** Arguments that every layer has. */
export type BaseArgs = NonNullable<ConstructorParameters<typeof tf.layers.Layer>[0]>;

/** What TensorFlow.js hands to a layer with its inputs. */
export type CallOptions = Parameters<tf.layers.Layer['call']>[1];

/** A tensor as a layer computes with it: integers and what one is worth where `grid` is given, reals otherwise. */
export interface Operand extends Scaled {
  readonly grid: Grid | null;
}

/** Tensors by the role that they play in a layer. */
export type Operands<Role extends LayerRole> = Readonly<Record<Role, readonly Operand[]>>;

/** How one kind of layer differs from another. */
export interface LayerKind<Role extends LayerRole> {
  /** The roles of its tensors, and what their specs may be. */
  readonly rules: Readonly<Record<Role, SpecRule>>;
  /** The layer that it wraps, from the arguments without `quantization`. */
  readonly wrap: (args: BaseArgs) => tf.layers.Layer;
}

/** The base of all quantized layers. */
export abstract class QuantLayer<Role extends LayerRole> extends tf.layers.Layer {
  readonly quantization: Quantization<Role>;
  protected readonly wrapped: tf.layers.Layer;
  private quantizers: ReadonlyMap<Role, TensorQuantizer> = new Map();
  private running: WarmUp<Role> | null = null;

  constructor(args: QuantArgs<BaseArgs, Role>, { rules, wrap }: LayerKind<Role>) {
    const { quantization, ...own } = args;
    super(own);
    if ('weights' in own && own.weights) this.refuse('weights', 'left out', 'call setWeights on the built layer');
    this.quantization = parseQuantization(quantization, rules, this.title);
    this.wrapped = wrap({ ...own, name: this.name, trainable: true });
    if (this.wrapped.getConfig()['activityRegularizer']) {
      this.refuse('activityRegularizer', 'left out', 'TensorFlow.js does not apply it either');
    }
  }

  /** The layer as messages name it. */
  get title(): string {
    return `${this.getClassName()} ${this.name}`;
  }

  /** How far the warm-up is. Until it is over the layer computes in float, in training and in inference. */
  get warmUp(): WarmUpProgress {
    return this.running?.progress ?? { calls: 0, of: this.quantization.warmUp };
  }

  /** Ends the warm-up with what the observers have seen so far. @throws QuantError when they have seen nothing */
  finishWarmUp(): void {
    const { running } = this;
    if (!running) throw new QuantError('finishWarmUp', `${this.title} must be built`, 'apply it first');
    if (!running.isOver) running.finish();
  }

  /**
   * The largest magnitude that a sum of integers can reach with the current kernel, its bias included; `null` where nothing is summed or nothing is quantized
   * yet. Float32 holds integers exactly below `2^24`.
   */
  largestSum(): number | null {
    return null;
  }

  override build(inputShape: tf.Shape | tf.Shape[]): void {
    this.wrapped.build(inputShape);
    this.inputSpec = this.wrapped.inputSpec;
    this.trainableWeights = [...this.wrapped.trainableWeights];
    this.addLoss(this.wrapped.losses);
    const make = (name: string, values: Float32Array) => {
      const variable = this.addWeight(name, [values.length], 'float32', tf.initializers.zeros());
      tf.tidy(() => void variable.write(tf.tensor1d(values)));
      return variable;
    };
    const { specs, calibration } = this.quantization;
    const quantizers = new Map<Role, TensorQuantizer>();
    for (const [role, channels] of Object.entries(this.channels(inputShape)) as [Role, number][]) {
      const spec = specs[role];
      if (spec) quantizers.set(role, new TensorQuantizer(role, spec, channels, calibration, make));
    }
    const counter = this.addWeight('calls', [1], 'int32', tf.initializers.zeros(), undefined, false);
    this.quantizers = quantizers;
    this.running = new WarmUp(quantizers, counter, this.quantization, this.title);
    this.built = true;
  }

  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: CallOptions): tf.Tensor {
    return tf.tidy(() => {
      const warmUp = this.running as WarmUp<Role>;
      const tensors = this.tensors(Array.isArray(inputs) ? inputs : [inputs]);
      const training = kwargs?.['training'] === true;
      if (warmUp.isOver) {
        const output = this.compute(this.onGrids(tensors, training ? warmUp.calls : null), training);
        if (training) warmUp.count();
        return output;
      }
      if (training || kwargs?.['calibrate'] === true) warmUp.observe(tensors);
      const params = [...this.quantizers.values()].flatMap((quantizer) => [...quantizer.params.values()]);
      return withZeroGradients(
        this.compute(
          mapRoles(tensors, (_, all) => all.map(asReal)),
          training,
        ),
        params,
      );
    });
  }

  override computeOutputShape(inputShape: tf.Shape | tf.Shape[]): tf.Shape | tf.Shape[] {
    return this.wrapped.computeOutputShape(inputShape);
  }

  override setFastWeightInitDuringBuild(value: boolean): void {
    super.setFastWeightInitDuringBuild(value);
    this.wrapped.setFastWeightInitDuringBuild(value);
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { specs, warmUp, calibration, seed } = this.quantization;
    const calibrationState = saveState(this.running ? this.running.state() : this.quantization.calibrationState);
    const quantization = { ...specs, warmUp, calibration, seed, calibrationState };
    return { ...this.wrapped.getConfig(), ...super.getConfig(), quantization: asConfig(quantization) };
  }

  /** Entries of the last axis of each role's tensors. */
  protected abstract channels(inputShape: tf.Shape | tf.Shape[]): Readonly<Record<Role, number>>;

  /** The tensors that the quantizers see. */
  protected abstract tensors(inputs: readonly tf.Tensor[]): Readonly<Record<Role, readonly tf.Tensor[]>>;

  /** The layer's own arithmetic. */
  protected abstract compute(operands: Operands<Role>, training: boolean): tf.Tensor;

  /** What a tensor becomes, in reals, before it is put on a grid. */
  protected beforeQuantizing(_role: Role, x: tf.Tensor, _grid: Grid): tf.Tensor {
    return x;
  }

  /** Throws for an argument of the wrapped layer. */
  protected refuse(field: string, what: string, remedy: string): never {
    throw new QuantError(this.getClassName(), `${field} of ${this.name} must be ${what}`, remedy);
  }

  /** Whether the layer computes on integers alone. */
  protected get isInteger(): boolean {
    return this.running?.isOver === true && !Object.values(this.quantization.specs).includes(null);
  }

  /** All tensors on their grids; tensors of one role share one. `call` is the number of the training call, or `null` in inference. */
  protected onGrids(tensors: Readonly<Record<Role, readonly tf.Tensor[]>>, call: number | null): Operands<Role> {
    const { seed } = this.quantization;
    let index = 0;
    return mapRoles(tensors, (role, all) => {
      const quantizer = this.quantizers.get(role);
      if (!quantizer) return all.map(asReal);
      const grid = quantizer.grid(scaled(all[0] as tf.Tensor));
      return all.map((tensor) => {
        const noise = seed === null || call === null ? null : noiseSeed(seed, call, index++);
        return { ...quantizer.quantize(scaled(this.beforeQuantizing(role, tensor, grid)), grid, noise), grid };
      });
    });
  }
}

const asReal = (t: tf.Tensor): Operand => ({ ...scaled(t), grid: null });

function mapRoles<Role extends LayerRole, From, To>(
  all: Readonly<Record<Role, From>>,
  map: (role: Role, from: From) => To,
): Readonly<Record<Role, To>> {
  const entries = (Object.keys(all) as Role[]).map((role) => [role, map(role, all[role])] as const);
  return Object.fromEntries(entries) as Record<Role, To>;
}

/** Plain data, as TensorFlow.js types it. */
function asConfig(data: object): tf.serialization.ConfigDict {
  return JSON.parse(JSON.stringify(data)) as tf.serialization.ConfigDict;
}

/**
 * The same values, connected to variables that get a gradient of zero. Optimizers of TensorFlow.js keep their state by a variable's position among those that
 * have a gradient: a parameter must have one from the first step on.
 */
function withZeroGradients(x: tf.Tensor, variables: readonly tf.LayerVariable[]): tf.Tensor {
  if (variables.length === 0) return x;
  const op = tf.customGrad((...args) => ({
    value: tf.clone(args[0] as tf.Tensor),
    gradFunc: (dy: tf.Tensor) => [dy, ...variables.map(({ shape }) => tf.zeros(shape as number[]))],
  }));
  return op(x, ...variables.map((variable) => variable.read()));
}
