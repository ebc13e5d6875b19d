/**
 * Async iterators over sources and streams that load one value ahead of the consumer.
 */
import type { ImagePair } from './pair.js';
import type { Source } from './source.js';
import type { Batch, PatchStream } from './stream.js';

/**
 * The pairs of a source in order; while one is being used the next is loaded.
 *
 * @param options `limit`: at most so many, from the first on
 *
 * @example
 * for await (const { name, lr, hr } of pairsOf(source, 4, { limit: 3 })) console.log(name);
 */
export function pairsOf(
  source: Source,
  scale: number,
  options: { readonly limit?: number | undefined } = {},
): AsyncGenerator<ImagePair, void, undefined> {
  return ahead(0, Math.min(source.count, options.limit ?? source.count), (i) => source.pair(i, scale));
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
