/** The bones of a self-contained report: one file, no requests. */

/** Text made safe for HTML. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Markup that is safe to insert. */
export interface Html {
  readonly html: string;
}

/** Marks trusted markup. */
export const raw = (html: string): Html => ({ html });

/** A table; the columns named in `numbers` stand to the right. Cells are escaped unless they are {@link Html}. */
export function htmlTable(
  head: readonly string[],
  rows: readonly (readonly (string | Html)[])[],
  numbers: readonly number[] = [],
): string {
  const cell = (tag: 'td' | 'th', content: string | Html, column: number) => {
    const inner = typeof content === 'string' ? escapeHtml(content) : content.html;
    const scope = tag === 'th' ? ' scope="col"' : '';
    return `<${tag}${scope}${numbers.includes(column) ? ' class="n"' : ''}>${inner}</${tag}>`;
  };
  const row = (tag: 'td' | 'th', cells: readonly (string | Html)[]) =>
    `<tr>${cells.map((content, i) => cell(tag, content, i)).join('')}</tr>`;
  return `<div class="scroll" tabindex="0"><table><thead>${row('th', head)}</thead><tbody>${rows.map((cells) => row('td', cells)).join('\n')}</tbody></table></div>`;
}

/** A page of sections. */
export function page({ title, lead, sections, styles = '', scripts = '' }: PageParts): string {
  const body = sections
    .map(({ heading, html }) => `<section><h2>${escapeHtml(heading)}</h2>\n${html}\n</section>`)
    .join('\n');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${css}${styles}</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
<p class="lead">${lead}</p>
${body}
</main>
${scripts}
</body>
</html>
`;
}

interface PageParts {
  readonly title: string;
  /** Markup. */
  readonly lead: string;
  readonly sections: readonly { readonly heading: string; readonly html: string }[];
  readonly styles?: string;
  readonly scripts?: string;
}

const css = `
:root { color-scheme: light dark; --ink: #1c2330; --soft: #5d6878; --line: #dbe0e8; --paper: #fff; --raised: #f5f7fa; --accent: #0b6e8f; --good: #19733c; --bad: #b3261e; --c0: #0b6e8f; --c1: #b4471a; --c2: #19733c; --c3: #7a3fb0; --c4: #806000; --c5: #a3285c; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8ee; --soft: #9aa5b5; --line: #333c4a; --paper: #14181f; --raised: #1c222c; --accent: #58b8d9; --good: #63c787; --bad: #ff8a80; --c0: #58b8d9; --c1: #f0946a; --c2: #63c787; --c3: #c39bea; --c4: #d9b54a; --c5: #f08ab8; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
main { max-width: 1060px; margin: 0 auto; padding: 40px 20px 80px; }
h1 { font-size: 28px; line-height: 1.2; margin: 0 0 8px; }
h2 { font-size: 19px; margin: 44px 0 12px; }
.lead { color: var(--soft); margin: 0; max-width: 70ch; }
.note { color: var(--soft); font-size: 14px; max-width: 80ch; }
.scroll { overflow-x: auto; margin-bottom: 12px; }
table { border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums; }
th, td { padding: 5px 18px 5px 0; text-align: left; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { color: var(--soft); font-weight: 600; }
.n { text-align: right; }
.checks { list-style: none; padding: 0; margin: 20px 0 0; display: grid; gap: 6px; }
.checks .yes::before { content: "\\2713\\00a0"; color: var(--good); font-weight: 700; }
.checks .no::before { content: "\\2717\\00a0"; color: var(--bad); font-weight: 700; }
.crops { display: grid; grid-template-columns: repeat(var(--columns, 5), minmax(0, 1fr)); gap: 10px; margin-bottom: 18px; }
.crops figure { margin: 0; }
.crops img { width: 100%; height: auto; image-rendering: pixelated; border-radius: 4px; display: block; background: var(--raised); outline: 1px solid var(--line); }
.crops figcaption { font-size: 12.5px; color: var(--soft); }
.crops b { color: var(--ink); }
@media (max-width: 640px) { .crops { grid-template-columns: repeat(2, minmax(0, 1fr)); } }
h3 { font-size: 16px; margin: 28px 0 8px; }
.chart { margin: 0 0 12px; }
.chart svg { width: 100%; height: auto; display: block; }
.chart .narrow { display: none; }
@media (max-width: 560px) { .chart .narrow { display: block; } .chart .wide { display: none; } }
.chart text { font: 12px system-ui, sans-serif; fill: var(--soft); }
.chart .rule { stroke: var(--line); }
.line path { fill: none; stroke: var(--colour); stroke-width: 2; stroke-linejoin: round; }
.line circle { fill: var(--colour); }
.line.dashed path { stroke-dasharray: 6 4; }
.c0 { --colour: var(--c0); } .c1 { --colour: var(--c1); } .c2 { --colour: var(--c2); } .c3 { --colour: var(--c3); } .c4 { --colour: var(--c4); } .c5 { --colour: var(--c5); }
.legend { list-style: none; padding: 0; margin: 6px 0; display: flex; flex-wrap: wrap; gap: 4px 20px; font-size: 14px; }
.legend li::before { content: ""; display: inline-block; width: 22px; border-top: 3px solid var(--colour); vertical-align: 4px; margin-right: 8px; }
.legend li.dashed::before { border-top-style: dashed; }
.bars th[scope=row] { color: var(--ink); font-weight: 400; }
.bars { width: min(100%, 680px); }
.bars .bar { width: 50%; min-width: 64px; padding-right: 0; }
@media (max-width: 560px) { .bars th { white-space: normal; min-width: 6em; } .bars th, .bars td { padding-right: 10px; } .bars .bar { width: 34%; min-width: 44px; } }
.bars i { display: block; height: 12px; min-width: 1px; border-radius: 2px; background: var(--colour); }
.values { font-size: 14px; }
pre { overflow-x: auto; background: var(--raised); padding: 12px; border-radius: 4px; font: 13px/1.45 ui-monospace, monospace; }
.hash { overflow-wrap: anywhere; white-space: normal; }
a { color: var(--accent); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
@media print {
  :root { color-scheme: light; --ink: #000; --soft: #444; --line: #bbb; --paper: #fff; --raised: #f5f5f5; --accent: #0b6e8f; --good: #19733c; --bad: #b3261e; --c0: #0b6e8f; --c1: #b4471a; --c2: #19733c; --c3: #7a3fb0; --c4: #806000; --c5: #a3285c; }
  body { font-size: 11pt; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  main { max-width: none; padding: 0; }
  .chart, .crops, tr { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  .values { display: none; }
  .scroll { overflow: visible; }
  th, td { white-space: normal; padding-right: 10px; }
}
details summary { cursor: pointer; color: var(--accent); margin: 8px 0; }
code { font: 13px ui-monospace, monospace; }
`;
