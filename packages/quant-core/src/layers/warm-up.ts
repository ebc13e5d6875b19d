import * as tf from '@tensorflow/tfjs';
import { QuantError } from '../error.js';
import { steByName } from '../ste/registry.js';
import type { CalibrationState, LayerRole, Quantization } from './quantization.js';
import type { TensorQuantizer } from './tensor-quantizer.js';

/** How far a layer's warm-up is. */
export interface WarmUpProgress {
  /** Training calls that were observed. */
  readonly calls: number;
  /** How many there are to be; 0 where no quantizer of the layer has anything to calibrate. */
  readonly of: number;
}

/**
 * The warm-up of a layer (FQSR): for its first calls nothing is quantized and observers watch; then the observers set the grids. The number of calls is a
 * weight of the layer, so it travels with the other weights; the observers travel in the layer's JSON.
 */
export class WarmUp<Role extends LayerRole> {
  private readonly quantizers: ReadonlyMap<Role, TensorQuantizer>;
  private readonly counter: tf.LayerVariable;
  private readonly owner: string;
  /** How many calls the layer observes. */
  private readonly length: number;
  /** Whether calls count on after the warm-up, since noise depends on them. */
  private readonly counts: boolean;
  /** Calls that the observers at hand have seen; weights that come from elsewhere may say another number. */
  private observed = 0;
  /** The counter's value, read once for each value that it takes. */
  private known: { readonly dataId: object; readonly calls: number } | null = null;

  /**
   * @param counter int32 `[1]`: training calls so far
   * @param owner the layer, for messages
   */
  constructor(
    quantizers: ReadonlyMap<Role, TensorQuantizer>,
    counter: tf.LayerVariable,
    { warmUp, calibrationState }: Quantization<Role>,
    owner: string,
  ) {
    this.quantizers = quantizers;
    this.counter = counter;
    this.owner = owner;
    const all = [...quantizers.values()];
    this.length = all.some(({ params }) => params.size > 0) ? warmUp : 0;
    this.counts = all.some(({ spec }) => steByName(spec.ste).rounding === 'stochastic');
    if (calibrationState) this.restore(calibrationState);
  }

  /** Training calls so far. */
  get calls(): number {
    const value = this.counter.read();
    if (this.known?.dataId !== value.dataId) {
      this.known = { dataId: value.dataId, calls: value.dataSync()[0] as number };
    }
    return this.known?.calls ?? 0;
  }

  get progress(): WarmUpProgress {
    return { calls: Math.min(this.calls, this.length), of: this.length };
  }

  get isOver(): boolean {
    return this.calls >= this.length;
  }

  /** Counts a training call after the warm-up. */
  count(): void {
    if (this.counts) this.write(this.calls + 1);
  }

  /**
   * Observes one training call. After the last one the quantizers start from what was seen. Where the counter came with weights from elsewhere, without the
   * observers that had counted, the warm-up starts again.
   */
  observe(tensors: Readonly<Record<Role, readonly tf.Tensor[]>>): void {
    if (this.observed !== this.calls) this.restart();
    for (const [role, quantizer] of this.quantizers) this.show(role, quantizer, tensors[role]);
    this.observed++;
    this.write(this.observed);
    if (this.isOver) this.finish();
  }

  /** Ends the warm-up with what was seen so far. @throws QuantError when nothing was */
  finish(): void {
    if (this.observed === 0) {
      throw new QuantError('finish', `${this.owner} must have seen a batch, got none`, 'run one with calibrate: true');
    }
    for (const quantizer of this.quantizers.values()) quantizer.calibrate((values) => tf.tensor1d(values));
    this.write(Math.max(this.calls, this.length));
    this.restart();
  }

  /** What is to be saved of a warm-up under way. */
  state(): CalibrationState | null {
    if (this.observed === 0 || this.isOver) return null;
    const observers = [...this.quantizers].map(([role, quantizer]) => [role, quantizer.states()] as const);
    return { calls: this.observed, observers: Object.fromEntries(observers) };
  }

  private restore({ calls, observers }: CalibrationState): void {
    this.observed = calls;
    this.write(calls);
    for (const [role, quantizer] of this.quantizers) quantizer.restore(observers[role] ?? null);
  }

  private restart(): void {
    this.observed = 0;
    for (const quantizer of this.quantizers.values()) quantizer.restore(null);
  }

  private show(role: Role, quantizer: TensorQuantizer, tensors: readonly tf.Tensor[]): void {
    try {
      quantizer.observe(tensors);
    } catch (cause) {
      if (!(cause instanceof QuantError)) throw cause;
      throw new QuantError('observe', `${role} of ${this.owner} must be finite: ${cause.message}`, 'lower the rate');
    }
  }

  private write(calls: number): void {
    tf.tidy(() => void this.counter.write(tf.tensor1d([calls], 'int32')));
    this.known = null;
  }
}
