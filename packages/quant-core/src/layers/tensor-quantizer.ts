import type * as tf from '@tensorflow/tfjs';
import { calibrationByName } from '../calibration/registry.js';
import type { Observer, ObserverState } from '../calibration/types.js';
import { fakeQuant, gridOf } from '../fake-quant.js';
import type { QuantSpec } from '../quant-spec.js';
import { quantizerByName } from '../quantizers/registry.js';
import type { Grid, GridFit } from '../quantizers/types.js';
import type { Scaled } from '../scaled.js';
import { steByName } from '../ste/registry.js';

/** Values of a tensor that its observers look at in one call, evenly spread: enough for a range, cheap for large maps. */
const SAMPLE = 65536;

/** Makes a variable of a layer, from its name and its first values. */
export type MakeVariable = (name: string, values: Float32Array) => tf.LayerVariable;

/** The learned grid of one tensor of a layer: the quantizer's parameters, as weights of the layer, and the observers that set them first. */
export class TensorQuantizer {
  readonly spec: QuantSpec;
  /** The quantizer's parameters by name, `[1]` or `[channels]`. */
  readonly params: ReadonlyMap<string, tf.LayerVariable>;
  private readonly channels: number;
  private readonly calibration: string;
  private observers: readonly Observer[];

  /**
   * @param name of the tensor, which begins the names of the parameters
   * @param channels entries of the tensor's last axis
   */
  constructor(name: string, spec: QuantSpec, channels: number, calibration: string, make: MakeVariable) {
    this.spec = spec;
    this.channels = channels;
    this.calibration = calibration;
    this.observers = this.freshObservers();
    const entries = this.observers.length;
    const unit = { steps: new Float32Array(entries).fill(1), zeroPoints: new Float32Array(entries) };
    const first = Object.entries(quantizerByName(spec.quantizer).init(unit, spec, channels));
    this.params = new Map(first.map(([param, values]) => [param, make(`${name}_${param}`, values)]));
  }

  /** The grid; differentiable in the parameters. */
  grid(x: Scaled): Grid {
    const params = [...this.params].map(([name, variable]) => [name, variable.read() as tf.Tensor1D] as const);
    return gridOf(Object.fromEntries(params), this.spec, x);
  }

  /** Levels; with a seed as the estimator says, without one the nearest levels. */
  quantize(x: Scaled, grid: Grid, seed: number | null): Scaled {
    if (seed !== null) return fakeQuant(x, grid, this.spec, seed);
    const nearest = steByName(this.spec.ste).rounding === 'nearest';
    return fakeQuant(x, grid, nearest ? this.spec : { ...this.spec, ste: 'clipped', steOptions: {} });
  }

  /**
   * Shows the tensors of one call, channels last, to the observers as one batch: a grid that they share is to hold them all. Reads them back to the host.
   *
   * @throws QuantError for NaN and infinity
   */
  observe(tensors: readonly tf.Tensor[]): void {
    const all = tensors.map((tensor) => tensor.dataSync() as Float32Array);
    const own = this.channels / this.observers.length;
    for (const [o, observer] of this.observers.entries()) {
      observer.observe(Float32Array.from(all.flatMap((values) => this.sample(values, o * own, own))));
    }
  }

  /** Values of `count` channels from `first` on, evenly spread over the positions. */
  private sample(values: Float32Array, first: number, count: number): number[] {
    const positions = values.length / this.channels;
    // An odd stride walks through rows and columns alike.
    const stride = values.length > SAMPLE ? Math.ceil(values.length / SAMPLE) | 1 : 1;
    const sample: number[] = [];
    for (let i = 0; i < positions; i += stride) {
      for (let c = 0; c < count; c++) sample.push(values[i * this.channels + first + c] as number);
    }
    return sample;
  }

  /** Sets the parameters to the grid that suits what was observed. */
  calibrate(toTensor: (values: Float32Array) => tf.Tensor): void {
    const fits = this.observers.map((observer) => observer.fit(this.spec));
    const fit: GridFit = {
      steps: Float32Array.from(fits, ({ step }) => step),
      zeroPoints: Float32Array.from(fits, ({ zeroPoint }) => zeroPoint),
    };
    for (const [name, values] of Object.entries(
      quantizerByName(this.spec.quantizer).init(fit, this.spec, this.channels),
    )) {
      this.params.get(name)?.write(toTensor(values));
    }
  }

  /** What the observers have seen, as JSON. */
  states(): readonly ObserverState[] {
    return this.observers.map((observer) => observer.state());
  }

  /** Goes on from saved states, or from nothing. */
  restore(states: readonly ObserverState[] | null): void {
    const { create } = calibrationByName(this.calibration);
    this.observers =
      states?.length === this.observers.length ? states.map((state) => create(state)) : this.freshObservers();
  }

  private freshObservers(): readonly Observer[] {
    const { create } = calibrationByName(this.calibration);
    return Array.from({ length: this.spec.granularity === 'channel' ? this.channels : 1 }, () => create());
  }
}
