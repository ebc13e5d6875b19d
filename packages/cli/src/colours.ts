/** Colours for people alone: on a terminal, unless `NO_COLOR` is set; `FORCE_COLOR` has the last word (https://no-color.org, https://force-color.org). */
import { styleText } from 'node:util';

/** What to know of a stream. */
type Terminal = Pick<NodeJS.WriteStream, 'isTTY'>;

/** A way to mark text. */
export type Style = 'bold' | 'cyan' | 'dim' | 'red' | 'yellow';

/** Whether a stream is to get colours. */
export function hasColours({ isTTY }: Terminal, env: NodeJS.ProcessEnv = process.env): boolean {
  const { FORCE_COLOR: force, NO_COLOR: no, TERM: term } = env;
  if (force !== undefined && force !== '') return force !== '0' && force !== 'false';
  if (no !== undefined && no !== '') return false;
  return isTTY === true && term !== 'dumb';
}

/** Marks text, where the stream shows it. */
export function styled(style: Style, text: string, stream: Terminal, env?: NodeJS.ProcessEnv): string {
  return hasColours(stream, env) ? styleText(style, text, { validateStream: false }) : text;
}
