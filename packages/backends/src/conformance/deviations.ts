/**
 * Where a backend is known to differ from the reference, by row of the matrix, and how. A case of such a row must fail, else the entry is out of date.
 */
export const deviations: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'clipByValue of NaN and infinities': { wasm: 'NaN becomes the lower bound' },
  'prelu of NaN and infinities': { webgpu: 'an infinity may become NaN' },
};
