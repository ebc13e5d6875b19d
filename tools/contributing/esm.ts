import type { IntegerFormat } from '@fqsr/cli';

/** A JavaScript module whose default export is the bytes of the `.fqsr` file: a network that a bundler takes along. */
export const esm = {
  of: 'integers',
  label: 'a JavaScript module for @fqsr/runtime',
  isForeign: false,
  output: 'file',
  write: async ({ bytes, model }) => {
    const text = Buffer.from(bytes).toString('base64');
    const code = `/* ${model.name} */\nexport default Uint8Array.from(atob('${text}'), (c) => c.charCodeAt(0));\n`;
    return { bytes: new TextEncoder().encode(code), verified: null };
  },
} as const satisfies IntegerFormat;
