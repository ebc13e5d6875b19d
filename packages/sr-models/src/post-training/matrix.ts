/** Dense matrices, row by row, in float64. */

/** `A B` of `[rows, inner]` and `[inner, columns]`. */
export function multiply(a: Float64Array, b: Float64Array, rows: number, inner: number, columns: number): Float64Array {
  const made = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < inner; k++) {
      const factor = a[i * inner + k] as number;
      for (let j = 0; j < columns; j++) {
        made[i * columns + j] = (made[i * columns + j] as number) + factor * (b[k * columns + j] as number);
      }
    }
  }
  return made;
}

/** `A^T` of `[rows, columns]`. */
export function transposed(a: Float64Array, rows: number, columns: number): Float64Array {
  return Float64Array.from(a, (_, at) => a[(at % rows) * columns + Math.floor(at / rows)] as number);
}

/** The sum of products, entry by entry; of symmetric matrices `tr(A B)`. */
export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}
