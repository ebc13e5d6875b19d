/** Reads off a file how its network treats pixels: its range, its mean, and the 1x1 convolutions that shift by it. */
import { ModelError } from '../error.js';
import type { NameMap } from './maps/types.js';
import type { Normalisation } from './normalise.js';
import type { ForeignFile, ForeignTensor } from './tensor.js';

/** White in the images of the network. */
export type Range = 1 | 255;

/**
 * The normalisation of a file.
 *
 * @param range what the caller says; otherwise the metadata (`rgb_range`), the size of the mean that is subtracted, or the naming's custom decides
 * @throws ModelError for shifts that mix colours, or a range that is neither 1 nor 255
 */
export async function pixelsOf(
  { tensors, metadata }: Pick<ForeignFile, 'tensors' | 'metadata'>,
  map: NameMap,
  range: Range | undefined,
): Promise<{ readonly range: Range; readonly normalisation: Normalisation }> {
  const input = map.shifts ? await shiftOf(tensors, map.shifts.input) : null;
  const output = map.shifts ? await shiftOf(tensors, map.shifts.output) : null;
  const white = range ?? rangeOf(metadata) ?? (input ? rangeOfShift(input) : map.range);
  const mean = meanOf(metadata) ?? map.mean;
  const unit = white / 255;
  const normalisation: Normalisation = {
    gainIn: input ? input.gain.map((gain) => gain * unit) : [unit, unit, unit],
    mean: input
      ? input.offset.map((offset, c) => -offset / (input.gain[c] as number) / unit)
      : mean.map((m) => m * 255),
    gainOut: output ? output.gain.map((gain) => gain / unit) : [1 / unit, 1 / unit, 1 / unit],
    offsetOut: output ? output.offset.map((offset) => offset / unit) : mean.map((m) => m * 255),
  };
  return { range: white, normalisation };
}

/** `gain * x + offset` of each colour. */
interface Shift {
  readonly gain: readonly number[];
  readonly offset: readonly number[];
}

async function shiftOf(tensors: ReadonlyMap<string, ForeignTensor>, module: string): Promise<Shift | null> {
  const [weight, bias] = [tensors.get(`${module}.weight`), tensors.get(`${module}.bias`)];
  if (!weight && !bias) return null;
  if (weight?.shape.join() !== '3,3,1,1' || bias?.shape.join() !== '3') {
    throw refuse(`${module} must have a 3x3x1x1 weight and 3 biases, got ${weight?.shape} and ${bias?.shape}`);
  }
  const matrix = await weight.read();
  const offset = [...(await bias.read())];
  const gain = [0, 1, 2].map((c) => matrix[c * 4] as number);
  const mixes = matrix.some((value, i) => i % 4 !== 0 && value !== 0);
  if (mixes || gain.some((g) => !(Math.abs(g) > 0))) {
    throw refuse(`${module} must scale and shift each colour by itself, got a matrix that mixes them`);
  }
  return { gain, offset };
}

function rangeOfShift({ gain, offset }: Shift): Range {
  return offset.every((value, c) => Math.abs(value / (gain[c] as number)) <= 1) ? 1 : 255;
}

function rangeOf(metadata: Readonly<Record<string, string>>): Range | null {
  const text = metadata['rgb_range'];
  if (text === undefined) return null;
  const value = Number.parseFloat(text);
  if (value === 1 || value === 255) return value;
  throw refuse(`rgb_range in the metadata must be 1 or 255, got ${JSON.stringify(text.slice(0, 40))}`);
}

function meanOf(metadata: Readonly<Record<string, string>>): readonly number[] | null {
  const text = metadata['rgb_mean'];
  if (text === undefined) return null;
  const mean = text.split(',').map(Number);
  if (mean.length === 3 && mean.every((value) => value >= 0 && value <= 1)) return mean;
  throw refuse(`rgb_mean in the metadata must be three numbers from 0 to 1, got ${JSON.stringify(text.slice(0, 40))}`);
}

function refuse(problem: string): ModelError {
  return new ModelError('importNetwork', problem, 'this network cannot be folded; give one without it');
}
