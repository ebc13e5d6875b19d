/**
 * Line charts as plain SVG text, readable on light and dark pages: text and rules follow the page's colour scheme, lines keep a colour that shows on both.
 */

/** Line colours, told apart by most people. */
export const colours = [
  '#2f7ed8',
  '#d9542b',
  '#2e9e5b',
  '#a05ad0',
  '#c79a1b',
  '#d1478c',
  '#1aa6a6',
  '#8a6d5a',
  '#6f7fd6',
  '#7f8c3a',
  '#c0504d',
  '#4a9ac7',
  '#999999',
];

const style = `<style>
text{font:11px system-ui,sans-serif;fill:#1f2328}.note{fill:#59636e}.rule{stroke:#59636e;stroke-opacity:.35;fill:none}.faint{stroke:#59636e;stroke-opacity:.18;fill:none}
@media (prefers-color-scheme:dark){text{fill:#e6edf3}.note{fill:#9198a1}.rule{stroke:#9198a1}.faint{stroke:#9198a1;stroke-opacity:.25}}
</style>`;

const round = (value) => Number(value.toFixed(2));
const escapeText = (text) => text.replace(/[&<>]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[c]);

/**
 * One chart, as SVG elements.
 *
 * @param box place and size on the page, in pixels: `{ x, y, width, height }`
 * @param options `title`; `xs` and `ys`, the ranges `[from, to]`; `xTicks`, `yTicks`; `lines`, each `{ points: [[x, y], ...], colour, dashed }`, where a `null` point
 *   interrupts; `verticals`, faint lines at these x; `xLabel`, `yLabel`
 */
export function chart(
  { x, y, width, height },
  { title, xs, ys, xTicks, yTicks, lines, verticals = [], xLabel, yLabel },
) {
  const atX = (value) => round(x + ((value - xs[0]) / (xs[1] - xs[0])) * width);
  const atY = (value) => round(y + height - ((value - ys[0]) / (ys[1] - ys[0])) * height);
  const path = ({ points, colour, dashed }) => {
    let pen = 'M';
    const d = points.map((point) => {
      if (!point) {
        pen = 'M';
        return '';
      }
      const step = `${pen}${atX(point[0])} ${atY(point[1])}`;
      pen = 'L';
      return step;
    });
    return `<path d="${d.join('')}" fill="none" stroke="${colour}" stroke-width="1.6"${dashed ? ' stroke-dasharray="4 3"' : ''}/>`;
  };
  return [
    title ? `<text x="${x}" y="${y - 8}" font-weight="600">${escapeText(title)}</text>` : '',
    ...verticals.map((v) => `<path class="faint" d="M${atX(v)} ${y}V${y + height}"/>`),
    ...yTicks.map(
      (v) =>
        `<path class="faint" d="M${x} ${atY(v)}H${x + width}"/><text class="note" x="${x - 6}" y="${atY(v) + 4}" text-anchor="end">${v}</text>`,
    ),
    `<path class="rule" d="M${x} ${y}V${y + height}H${x + width}"/>`,
    ...xTicks.map((v) => `<text class="note" x="${atX(v)}" y="${y + height + 14}" text-anchor="middle">${v}</text>`),
    xLabel
      ? `<text class="note" x="${x + width}" y="${y + height + 28}" text-anchor="end">${escapeText(xLabel)}</text>`
      : '',
    yLabel ? `<text class="note" x="${x}" y="${y - (title ? 22 : 8)}">${escapeText(yLabel)}</text>` : '',
    ...lines.map(path),
  ].join('\n');
}

/**
 * One value a row, as a dot on a line, with the row's name in front and the value behind.
 *
 * @param box `{ x, y, width }` of the lines, in pixels; rows are 18 apart
 * @param options `title`; `xs`, the range `[from, to]`; `xTicks`; `rows`, each `{ name, value, colour }`; `format` of a value; `xLabel`
 */
export function dots({ x, y, width }, { title, xs, xTicks, rows, format, xLabel }) {
  const atX = (value) => round(x + ((value - xs[0]) / (xs[1] - xs[0])) * width);
  const bottom = y + 18 * rows.length;
  return [
    `<text x="${x}" y="${y - 12}" font-weight="600">${escapeText(title)}</text>`,
    ...xTicks.map(
      (v) =>
        `<path class="faint" d="M${atX(v)} ${y}V${bottom}"/><text class="note" x="${atX(v)}" y="${bottom + 14}" text-anchor="middle">${v}</text>`,
    ),
    `<text class="note" x="${x + width}" y="${bottom + 28}" text-anchor="end">${escapeText(xLabel)}</text>`,
    ...rows.map(({ name, value, colour }, i) => {
      const at = y + 18 * i + 9;
      const label = `<text x="${x - 8}" y="${at + 4}" text-anchor="end">${escapeText(name)}</text>`;
      const dot = `<circle cx="${atX(value)}" cy="${at}" r="4" fill="${colour}"/>`;
      return `${label}<path class="faint" d="M${x} ${at}H${x + width}"/>${dot}<text class="note" x="${x + width + 8}" y="${at + 4}">${format(value)}</text>`;
    }),
  ].join('\n');
}

/** Names beside their colours, one below the other. */
export function legend(x, y, entries) {
  return entries
    .map(({ name, colour, dashed }, i) => {
      const line = `<path d="M${x} ${y + i * 16 - 4}h18" stroke="${colour}" stroke-width="2"${dashed ? ' stroke-dasharray="4 3"' : ''}/>`;
      return `${line}<text x="${x + 24}" y="${y + i * 16}">${escapeText(name)}</text>`;
    })
    .join('\n');
}

/** A picture of these elements. */
export function svg(width, height, elements, title) {
  const open = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`;
  return `${open}\n<title>${escapeText(title)}</title>\n${style}\n${elements.join('\n')}\n</svg>\n`;
}
