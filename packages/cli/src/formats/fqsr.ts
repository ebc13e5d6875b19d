import type { ExportFormat } from './format.js';

/** Our own: the bytes that lowering made, which were compared with the graph on the way. */
export const fqsrFormat = {
  label: 'integers for @fqsr/runtime',
  isForeign: false,
  write: async ({ bytes }) => ({ bytes, verified: null }),
} satisfies ExportFormat;
