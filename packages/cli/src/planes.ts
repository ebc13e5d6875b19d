/** Interleaved pixels and planes. */

/** RGB interleaved to three planes. @param area pixels of a plane */
export function toPlanes<Samples extends Uint8Array | Float32Array>(interleaved: Samples, area: number): Samples {
  const out = interleaved.slice() as Samples;
  for (let i = 0; i < area; i++) for (let c = 0; c < 3; c++) out[c * area + i] = interleaved[i * 3 + c] as number;
  return out;
}

/** Three planes to interleaved RGB. @param area pixels of a plane */
export function interleave<Samples extends Uint8Array | Float32Array>(planes: Samples, area: number): Samples {
  const out = planes.slice() as Samples;
  for (let i = 0; i < area; i++) for (let c = 0; c < 3; c++) out[i * 3 + c] = planes[c * area + i] as number;
  return out;
}
