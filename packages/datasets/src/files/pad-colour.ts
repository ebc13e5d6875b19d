/**
 * Colours under clear pixels. Files hold anything there, mostly black, and a network would mix it into the rim of what is seen. Premultiplied colours would have a dark rim of their own, and
 * dividing by a small alpha makes their rounding large: so the colours of the nearest visible pixels are laid under the clear ones instead.
 */

/** Interleaved samples, 8 or 16 bits each, alpha the last of a pixel. */
export type Samples = Uint8Array | Uint16Array;

/** Pixels into the clear part that are filled: as far as a network of 16 residual blocks sees. */
const REACH = 40;
/** Rows that are worked on at a time. */
const BAND = 64;

/**
 * Rows with the colour of every clear pixel (alpha 0) up to 40 steps from a visible one replaced, ring by ring, by the mean of its neighbours that are visible or filled already. Visible
 * pixels and alpha stay.
 *
 * @param rows the image's, from the top, any whole number at a time
 */
export async function* padColour(
  rows: AsyncIterable<Samples>,
  { width, channels }: { readonly width: number; readonly channels: number },
): AsyncGenerator<Samples, void> {
  const length = width * channels;
  let kept: Samples[] = [];
  /** Rows of `kept` that were given out already, and stand for what is above. */
  let above = 0;
  for await (const chunk of rows) {
    for (let at = 0; at < chunk.length; at += length) kept.push(chunk.slice(at, at + length));
    while (kept.length >= above + BAND + REACH) {
      yield filled(kept.slice(0, above + BAND + REACH), { width, channels }, above, BAND);
      const drop = Math.max(0, above + BAND - REACH);
      kept = kept.slice(drop);
      above += BAND - drop;
    }
  }
  if (kept.length > above) yield filled(kept, { width, channels }, above, kept.length - above);
}

/** `count` of the rows, from row `from` on, filled by all of them. The rows themselves stay as they came. */
function filled(
  rows: readonly Samples[],
  { width, channels }: { readonly width: number; readonly channels: number },
  from: number,
  count: number,
): Samples {
  const [first] = rows as [Samples];
  const length = width * channels;
  const all =
    first instanceof Uint16Array ? new Uint16Array(rows.length * length) : new Uint8Array(rows.length * length);
  for (const [y, row] of rows.entries()) all.set(row, y * length);
  fill(all, { width, height: rows.length, channels });
  return all.subarray(from * length, (from + count) * length);
}

/** States of a pixel: its colour counts, it waits for one, or neither. */
const [CLEAR, WAITING, KNOWN] = [0, 1, 2];

function fill(data: Samples, { width, height, channels }: { width: number; height: number; channels: number }): void {
  const colours = channels - 1;
  const state = new Uint8Array(width * height);
  for (let i = 0; i < state.length; i++) if (data[i * channels + colours] !== 0) state[i] = KNOWN;
  const around = (i: number, see: (other: number) => void) => {
    const x = i % width;
    if (x > 0) see(i - 1);
    if (x < width - 1) see(i + 1);
    if (i >= width) see(i - width);
    if (i < state.length - width) see(i + width);
  };
  let ring: number[] = [];
  const invite = (to: number[]) => (other: number) => {
    if (state[other] !== CLEAR) return;
    state[other] = WAITING;
    to.push(other);
  };
  const next = invite(ring);
  for (let i = 0; i < state.length; i++) if (state[i] === KNOWN) around(i, next);
  for (let step = 0; step < REACH && ring.length > 0; step++) {
    for (const i of ring) {
      for (let c = 0; c < colours; c++) {
        let [sum, count] = [0, 0];
        around(i, (other) => {
          if (state[other] !== KNOWN) return;
          sum += data[other * channels + c] as number;
          count++;
        });
        data[i * channels + c] = Math.floor(sum / count + 0.5);
      }
    }
    const outer: number[] = [];
    const further = invite(outer);
    for (const i of ring) state[i] = KNOWN;
    for (const i of ring) around(i, further);
    ring = outer;
  }
}
