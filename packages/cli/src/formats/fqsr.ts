import type { IntegerFormat } from './format.js';

/** Our own: the bytes that lowering made, which were compared with the graph on the way. */
export const fqsrFormat = {
  of: 'integers',
  label: 'integers for @fqsr/runtime',
  isForeign: false,
  output: 'file',
  write: async ({ bytes }) => ({ bytes, verified: null }),
} satisfies IntegerFormat;
