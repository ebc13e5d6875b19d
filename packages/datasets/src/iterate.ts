/**
 * Async iterators over sources and streams that load one value ahead of the consumer.
 */
import { BrokenImageError, type OnBroken, type Skipped } from './error.js';
import type { ImagePair } from './pair.js';
import type { Source } from './source.js';
import type { Batch, PatchStream } from './stream.js';

/** Which pairs, and what happens to broken ones. */
export interface PairsOptions {
  /** At most so many images, from the first on. */
  readonly limit?: number | undefined;
  /** `throw` by default: a figure over fewer images than asked for is another figure. */
  readonly onBroken?: OnBroken | undefined;
  /** Hears of every image that is passed over. */
  readonly onSkipped?: ((skipped: Skipped) => void) | undefined;
}

/**
 * The pairs of a source in order; while one is being used the next is loaded.
 *
 * @throws BrokenImageError at an image that is no image, damaged or truncated, unless `onBroken` is `skip`
 *
 * @example
 * for await (const { name, lr, hr } of pairsOf(source, 4, { limit: 3 })) console.log(name);
 */
export async function* pairsOf(
  source: Source,
  scale: number,
  { limit = source.count, onBroken = 'throw', onSkipped = () => {} }: PairsOptions = {},
): AsyncGenerator<ImagePair, void, undefined> {
  const load = async (i: number) => {
    try {
      return await source.pair(i, scale);
    } catch (error) {
      if (onBroken === 'throw' || !(error instanceof BrokenImageError)) throw error;
      return { name: source.nameOf(i), reason: error.message };
    }
  };
  for await (const value of ahead(0, Math.min(source.count, limit), load)) {
    if ('hr' in value) yield value;
    else onSkipped(value);
  }
}

/** The batches of a stream from a cursor on, without end; while one is being used the next is made. */
export function batchesFrom(stream: PatchStream, cursor: number): AsyncGenerator<Batch, void, undefined> {
  return ahead(cursor, Number.POSITIVE_INFINITY, (i) => stream.batch(i));
}

async function* ahead<T>(
  from: number,
  to: number,
  load: (i: number) => Promise<T>,
): AsyncGenerator<T, void, undefined> {
  const start = (i: number) => {
    const promise = load(i);
    promise.catch(() => undefined); // it is awaited later, and reported then
    return promise;
  };
  let next = from < to ? start(from) : undefined;
  for (let i = from; next !== undefined; i++) {
    const value = await next;
    next = i + 1 < to ? start(i + 1) : undefined;
    yield value;
  }
}
