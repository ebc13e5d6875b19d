/** Layouts of weights. */

/** Weights from HWIO to OHWI; `taps` is height * width * input channels. */
export function toOhwi(levels: Float32Array, taps: number, outChannels: number): Int16Array {
  const out = new Int16Array(levels.length);
  for (let tap = 0; tap < taps; tap++) {
    for (let o = 0; o < outChannels; o++) out[o * taps + tap] = levels[tap * outChannels + o] as number;
  }
  return out;
}
