/** "Did you mean": for every mistyped name, whichever package refuses it. */

/** Edits that may lie between a name and what was typed, and the share of its length. */
const MOST_EDITS = 3;
const MOST_SHARE = 0.4;

/**
 * The known name that is nearest to what was typed, by insertions, deletions, substitutions and swaps of neighbours; none if all are far.
 *
 * @example
 * closest('scael', ['scale', 'plan']); // 'scale'
 */
export function closest(typed: string, known: Iterable<string>): string | null {
  const [word, least] = [typed.toLowerCase(), { name: '', edits: MOST_EDITS + 1 }];
  for (const name of known) {
    const edits = editsBetween(word, name.toLowerCase());
    const share = edits / Math.max(name.length, word.length);
    if (edits > 0 && edits < least.edits && share <= MOST_SHARE) Object.assign(least, { name, edits });
  }
  return least.edits <= MOST_EDITS ? least.name : null;
}

function editsBetween(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > MOST_EDITS) return MOST_EDITS + 1;
  const at = (row: readonly number[] | undefined, i: number) => row?.[i] ?? Number.POSITIVE_INFINITY;
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row[j] = Math.min(
        at(above, j) + 1,
        at(row, j - 1) + 1,
        at(above, j - 1) + (same ? 0 : 1),
        swapped ? at(before, j - 2) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    [before, above] = [above, row];
  }
  return at(above, b.length);
}

/**
 * An error's line, with the name that may have been meant at its end. All packages write `X must be one of A, B, got "C" (do D)`, so that one reader of such lines serves them all.
 *
 * @example
 * withSuggestion('--format: must be one of fqsr, onnx, got "onx" (see --help)'); // '... (see --help). Did you mean onnx?'
 */
export function withSuggestion(line: string): string {
  const [, before = '', typed = '', after = ''] =
    /\bmust (?:be |list |end in )*(?:one of |some of )?(.*), got "?([^\s",()]+)"?(.*)$/.exec(line) ?? [];
  // Of `known are A: what it is; B: what it is` the names.
  const known = (/\bknown are (.*)/.exec(after)?.[1] ?? '').split('; ').map((each) => each.split(': ')[0]);
  const names = `${before} ${known.join(' ')}`.split(/[\s,:;()[\]]+/).filter((word) => /^[a-z0-9][\w.-]*$/i.test(word));
  const meant = typed === '' ? null : closest(typed, names);
  return meant === null || names.includes(typed) ? line : `${line}. Did you mean ${meant}?`;
}
