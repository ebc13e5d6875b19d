/** Where a model comes from: bytes, an address, or on Node a file. */
import { RuntimeError, show } from './error.js';

/** The bytes of a model, their URL (`https:`, `data:`, `blob:`; on Node `file:` too), or a string: a URL, or on Node a path. */
export type ModelSource = Uint8Array | URL | string;

/**
 * Reads a model's bytes.
 *
 * @throws RuntimeError when the source is of another type or cannot be read
 */
export async function readSource(source: ModelSource): Promise<Uint8Array> {
  if (source instanceof Uint8Array) return source;
  if (typeof source !== 'string' && !(source instanceof URL)) {
    const problem = `source must be a Uint8Array, a URL or a string, got ${show(source)}`;
    throw new RuntimeError('load', problem, 'pass the bytes of a .fqsr file or where they are');
  }
  const url = source instanceof URL ? source : asUrl(source);
  const files = nodeFiles();
  try {
    if (files && (url === null || url.protocol === 'file:')) return await files.readFile(url ?? String(source));
    const response = await fetch(url ?? source);
    if (!response.ok) throw new Error(`HTTP status ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  } catch (cause) {
    const problem = `source must be readable, got ${(cause as Error).message} for ${show(String(source))}`;
    throw new RuntimeError('load', problem, 'check the address', { cause });
  }
}

/** An absolute URL, or `null`; a drive letter is no scheme. */
function asUrl(text: string): URL | null {
  return /^[a-z][a-z0-9+.-]+:/i.test(text) && URL.canParse(text) ? new URL(text) : null;
}

/** Node's file system where there is one, without an import that browsers or bundlers would trip over. */
function nodeFiles() {
  const host: { readonly process?: Partial<Pick<NodeJS.Process, 'getBuiltinModule'>> } = globalThis;
  return host.process?.getBuiltinModule?.('node:fs/promises');
}
