/**
 * A server on 127.0.0.1 that fails on purpose. For tests.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Answers one request. */
export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** A running server. */
export interface TestServer {
  readonly url: (path: string) => string;
  /** The `Range` headers of all requests in order; empty for a request without one. */
  readonly ranges: string[];
  readonly close: () => Promise<void>;
}

/** Starts a server; each path has its handler. */
export async function startServer(handlers: Readonly<Record<string, Handler>>): Promise<TestServer> {
  const ranges: string[] = [];
  const server = createServer((request, response) => {
    ranges.push(request.headers.range ?? '');
    const handler = handlers[request.url ?? ''];
    if (handler) handler(request, response);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: (path) => `http://127.0.0.1:${port}${path}`,
    ranges,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** How a file is served. */
export interface ServeOptions {
  /** Bytes of a body after which the connection is cut; one entry a request, the last one stays. `null`: whole. */
  readonly cuts?: readonly (number | null)[];
  readonly etag?: string | null;
  /** Whether parts are given; `true` by default. */
  readonly ranges?: boolean;
  /** Answers a range although `If-Range` names another file. */
  readonly ignoresIfRange?: boolean;
}

/** A handler that serves bytes with `Range` and `If-Range`, and cuts. */
export function serve(body: Buffer, options: ServeOptions = {}): Handler {
  const { cuts = [null], etag = '"a"', ranges = true, ignoresIfRange = false } = options;
  let count = 0;
  return (request, response) => {
    const cut = cuts[Math.min(count++, cuts.length - 1)] ?? null;
    const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
    const condition = request.headers['if-range'];
    const matches = condition === undefined || condition === etag || ignoresIfRange;
    const isPart = ranges && matches && first !== undefined;
    const from = isPart ? Number(first) : 0;
    const to = isPart && last ? Math.min(Number(last) + 1, body.length) : body.length;
    const rest = body.subarray(from, to);
    const partial = isPart ? { 'content-range': `bytes ${from}-${to - 1}/${body.length}` } : {};
    response.writeHead(isPart ? 206 : 200, {
      'content-length': rest.length,
      ...(etag !== null && { etag }),
      ...partial,
    });
    if (cut === null) response.end(rest);
    else response.write(rest.subarray(0, cut), () => setTimeout(() => response.destroy(), 20));
  };
}
