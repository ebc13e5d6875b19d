/** Cells and rows of Markdown tables. */

export const row = (cells) => `| ${cells.join(' | ')} |`;
export const head = (cells) => [row(cells), row(cells.map(() => '---'))];

export const db = (value) => value.toFixed(2);
/** A difference with its sign. */
export const signed = (value, digits = 3) => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(digits)}`;
