/**
 * A cache bounded in bytes that forgets what was used longest ago.
 */

/** Values by integer key; a key that is being loaded is loaded once. */
export interface Cache<T> {
  /** The value of a key: kept, or loaded. A failure is not kept. */
  get(key: number): Promise<T>;
  /** The value of a key if it is kept. */
  peek(key: number): T | undefined;
}

/**
 * @param budget bytes that are kept at most; values larger than it are loaded every time
 * @param sizeOf bytes of a value
 */
export function createCache<T>(
  budget: number,
  sizeOf: (value: T) => number,
  load: (key: number) => Promise<T>,
): Cache<T> {
  const kept = new Map<number, T>();
  const loading = new Map<number, Promise<T>>();
  let used = 0;

  const peek = (key: number) => {
    const value = kept.get(key);
    if (value === undefined) return undefined;
    kept.delete(key);
    kept.set(key, value);
    return value;
  };
  const keep = (key: number, value: T) => {
    kept.set(key, value);
    used += sizeOf(value);
    for (const [oldest, held] of kept) {
      if (used <= budget) break;
      kept.delete(oldest);
      used -= sizeOf(held);
    }
  };
  const loadOnce = (key: number) => {
    const promise = load(key)
      .then((value) => {
        keep(key, value);
        return value;
      })
      .finally(() => loading.delete(key));
    loading.set(key, promise);
    return promise;
  };
  return {
    peek,
    get: async (key) => peek(key) ?? (await (loading.get(key) ?? loadOnce(key))),
  };
}
