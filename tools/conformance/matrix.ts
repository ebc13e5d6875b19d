/**
 * The table of operations by backend in docs/backends.md.
 */
import { deviations, holds, type Outcome } from '@fqsr/backends/conformance';

/** The outcomes of one backend in one place. */
export interface Column {
  readonly title: string;
  readonly device: string;
  readonly outcomes: readonly Outcome[];
}

const boundOf = (bound: number): string => (bound === 0 ? 'exact' : bound.toExponential(0));

/** The table in Markdown, a row for each operation. */
export function matrix(columns: readonly Column[]): string {
  const [{ outcomes: first = [] } = { outcomes: [] }] = columns;
  const ops = [...new Set(first.map(({ op }) => op))];
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const lines = ops.map((op) => {
    const cases = first.filter((outcome) => outcome.op === op);
    const cells = columns.map(({ device, outcomes }) => {
      const own = outcomes.filter((outcome) => outcome.op === op);
      return own.every(holds) ? 'yes' : (deviations[op]?.[device] ?? 'no');
    });
    return row([op, String(cases.length), boundOf(cases[0]?.bound ?? 0), ...cells]);
  });
  const titles = ['operation', 'cases', 'bound', ...columns.map(({ title }) => title)];
  return [row(titles), row(titles.map(() => '---')), ...lines].join('\n');
}

/** `document` with the text between its two markers replaced. */
export function withMatrix(document: string, table: string): string {
  const [start, end] = ['<!-- matrix -->\n', '\n<!-- /matrix -->'];
  const [from, to] = [document.indexOf(start), document.indexOf(end)];
  if (from < 0 || to < from)
    throw new Error('[tools] withMatrix: the document must have both matrix markers, got none');
  return `${document.slice(0, from + start.length)}\n${table}\n${document.slice(to)}`;
}
