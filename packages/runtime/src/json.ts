/** Strict JSON: what `JSON.parse` reads, less duplicate keys, deep nesting and endless lists, plus the order in which the root's keys stand. */

/** Deepest nesting of objects and arrays; our files need 5. */
export const MAX_DEPTH = 32;
/** Most objects, arrays and commas, so that short texts (`[],[],`) do not grow to many times their length in memory. */
export const MAX_ITEMS = 2 ** 20;

export interface StrictJson {
  readonly value: unknown;
  /** Keys of the root object in the order of the text (`Object.keys` moves integer-like ones to the front). */
  readonly keys: readonly string[];
}

/**
 * Parses JSON.
 *
 * @throws SyntaxError for what `JSON.parse` refuses, for a key that stands twice in one object, for nesting deeper than 32, and for more than 2^20 objects,
 * arrays and commas
 *
 * @example
 * parseStrictJson('{"b": 1, "1": 2}').keys; // ['b', '1']
 */
export function parseStrictJson(text: string): StrictJson {
  const keys = scanKeys(text);
  return { value: JSON.parse(text), keys };
}

/** Walks over the text, valid JSON or not; of an invalid one the result does not matter, since `JSON.parse` refuses it. */
function scanKeys(text: string): readonly string[] {
  const open: (Set<string> | null)[] = [];
  const rootKeys: string[] = [];
  let keyNext = false;
  let items = 0;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (char === '{' || char === '[' || char === ',') {
      items++;
      if (items > MAX_ITEMS) throw new SyntaxError(`more than ${MAX_ITEMS} objects, arrays and commas`);
    }
    if (char === '{' || char === '[') {
      open.push(char === '{' ? new Set() : null);
      if (open.length > MAX_DEPTH) throw new SyntaxError(`nesting deeper than ${MAX_DEPTH}`);
      keyNext = char === '{';
    } else if (char === '}' || char === ']') {
      open.pop();
      keyNext = false;
    } else if (char === ',') {
      keyNext = open.at(-1) instanceof Set;
    } else if (char === '"') {
      const end = stringEnd(text, i);
      if (keyNext) {
        const key = String(JSON.parse(text.slice(i, end)));
        const keys = open.at(-1);
        if (keys?.has(key)) throw new SyntaxError(`duplicate key ${text.slice(i, Math.min(end, i + 80))}`);
        keys?.add(key);
        if (open.length === 1) rootKeys.push(key);
        keyNext = false;
      }
      i = end - 1;
    }
  }
  return rootKeys;
}

/** Index after the closing quote of the string that opens at `start`. */
function stringEnd(text: string, start: number): number {
  for (let from = start + 1; ; ) {
    const quote = text.indexOf('"', from);
    if (quote < 0) return text.length + 1;
    let before = quote;
    while (before > from && text[before - 1] === '\\') before--;
    // Behind an odd number of backslashes it is part of the string.
    if ((quote - before) % 2 === 0) return quote + 1;
    from = quote + 1;
  }
}
