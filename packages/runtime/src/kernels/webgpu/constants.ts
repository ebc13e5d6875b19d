/** Constants of a step, in the order in which its kernel reads them: vectors of four 32-bit words. */
export interface Constants {
  /** Appends words, padded with zeros to whole vectors. Returns the index of the first vector. */
  push(words: ArrayLike<number>): number;
  /** All of them, two's complement; at least one vector. */
  words(): Uint32Array<ArrayBuffer>;
}

export function openConstants(): Constants {
  const parts: { readonly at: number; readonly words: ArrayLike<number> }[] = [];
  let vectors = 0;
  return {
    push: (words) => {
      const at = vectors;
      parts.push({ at, words });
      vectors += Math.ceil(words.length / 4);
      return at;
    },
    words: () => {
      const all = new Uint32Array(Math.max(1, vectors) * 4);
      for (const { at, words } of parts) all.set(words, at * 4);
      return all;
    },
  };
}

/** Four int8 in a word, the first lowest. */
export function packBytes(bytes: readonly number[]): number {
  return bytes.reduce((word, byte, i) => word | ((byte & 255) << (8 * i)), 0);
}
