/** The server of `fqsr serve`: static files, the models' bytes and what is known of them, and the pages of runs. It takes no data. */
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { CliError, describeError } from '../errors.js';
import { modelNamed, type ServedModel } from './models.js';
import { runList, runPage } from './runs.js';

/** What is served. */
export interface Served {
  readonly models: ReadonlyMap<string, ServedModel>;
  /** Folder of runs. */
  readonly runs: string;
  /** Folder of the built page. */
  readonly page: string;
}

/** Where to listen. */
export interface Address {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
}

/** An answer. */
interface Answer {
  readonly type: string;
  readonly body: string | Uint8Array;
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};

/** Isolated from other origins, so that threads may share memory; nothing may be fetched from elsewhere. */
const headers = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'cross-origin-resource-policy': 'same-origin',
  'content-security-policy':
    "default-src 'self' blob: data:; script-src 'self' blob: 'wasm-unsafe-eval' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; connect-src 'self' blob: data:; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-cache',
};

/** Starts the server. @returns it and its address; the caller closes it. @throws CliError where the port is taken */
export async function startServer(
  served: Served,
  { host, port }: Address,
): Promise<{ readonly server: Server; readonly url: string }> {
  const server = createServer((request, response) => void respond(served, request, response));
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const why = cause.code === 'EADDRINUSE' ? 'is taken' : `cannot be listened on: ${cause.code ?? cause.message}`;
      reject(new CliError(`--port: ${port} ${why} (choose another one, or 0 for a free one)`, { cause }));
    });
    server.listen(port, host, resolve);
  });
  const { port: bound } = server.address() as AddressInfo;
  return { server, url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}/` };
}

async function respond(served: Served, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const send = (status: number, { type, body }: Answer) => {
    response.writeHead(status, { ...headers, 'content-type': type, 'content-length': Buffer.byteLength(body) });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
  const line = (text: string): Answer => ({ type: 'text/plain; charset=utf-8', body: `${text}\n` });
  if (request.method !== 'GET' && request.method !== 'HEAD') return send(405, line('method must be GET'));
  try {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname);
    send(200, await answer(served, path));
  } catch (error) {
    const isKnown = error instanceof CliError || error instanceof URIError;
    send(isKnown ? 404 : 500, line(describeError(error).line));
  }
}

/** The answer to a path. @throws CliError where there is none */
async function answer({ models, runs, page }: Served, path: string): Promise<Answer> {
  const json = (value: unknown): Answer => ({ type: 'application/json', body: JSON.stringify(value) });
  const html = (body: string): Answer => ({ type: types['.html'] as string, body });
  const [, first = '', second = '', ...rest] = path.split('/');
  if (rest.length === 0) {
    if (first === 'api' && second === 'models') return json([...models.values()].map(({ card }) => card));
    if (first === 'models' && second.endsWith('.fqsr')) {
      const { file } = modelNamed(models, second.slice(0, -'.fqsr'.length));
      return { type: 'application/octet-stream', body: file };
    }
    if (first === 'runs') return html(second === '' ? await runList(runs) : await runPage(runs, second));
  }
  if (first === 'api' && second === 'audit' && rest.length === 1)
    return json(modelNamed(models, rest[0] as string).audit());
  return file(page, path === '/' ? '/index.html' : path);
}

/** A file of the page; names are checked part by part, so that none leads out of the folder. */
async function file(folder: string, path: string): Promise<Answer> {
  const parts = path.split('/').filter(Boolean);
  const type = types[extname(path)];
  const isPlain = parts.length > 0 && parts.every((part) => /^[\w-][\w.-]*$/.test(part));
  const body = type && isPlain ? await readFile(join(folder, ...parts)).catch(() => null) : null;
  if (!type || !body) throw new CliError(`path: must be one of the page's files, got ${path.slice(0, 100)}`);
  return { type, body };
}
