/**
 * A service that upscales: `node packages/runtime/examples/server.mjs MODEL.fqsr [--port 8080]`, then
 * `curl --data-binary @photo.jpg http://127.0.0.1:8080/upscale > photo-x2.png`. It listens on this machine alone unless `--host` says otherwise.
 *
 * Every limit is on: bytes are counted as they come, the header is read before anything is decoded, the queue is bounded, work ends by its time or when its client
 * leaves, and one line says what was wrong.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { createUpscaler, LimitError } from '@fqsr/runtime/server';
import sharp from 'sharp';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '8080' },
    threads: { type: 'string' },
    queue: { type: 'string', default: '16' },
    'timeout-ms': { type: 'string', default: '30000' },
    'max-bytes': { type: 'string', default: String(2 ** 24) },
    'max-pixels': { type: 'string', default: String(2 ** 22) },
  },
});
const [model] = positionals;
if (!model) throw new Error('server: a model must be given, got none (node server.mjs MODEL.fqsr)');
const limits = {
  queue: Number(values.queue),
  timeoutMs: Number(values['timeout-ms']),
  maxBytes: Number(values['max-bytes']),
  maxPixels: Number(values['max-pixels']),
};
const upscaler = await createUpscaler(model, {
  ...limits,
  ...(values.threads ? { threads: Number(values.threads) } : {}),
});

// sharp keeps nothing between requests, and decodes on one thread for each.
sharp.cache(false);
sharp.concurrency(1);

/** Opaque images as RGB, others as RGBA, turned as their EXIF says. The limit on pixels is sharp's too, should a header lie. */
const codec = {
  async decode(bytes) {
    const pipeline = sharp(bytes, { failOn: 'truncated', limitInputPixels: limits.maxPixels, autoOrient: true });
    const { data, info } = await pipeline.toColourspace('srgb').raw().toBuffer({ resolveWithObject: true });
    const { width, height, channels } = info;
    if (channels === 3 || channels === 4) return { width, height, channels, data: new Uint8Array(data) };
    const rgb = await sharp(data, { raw: info }).toColourspace('srgb').removeAlpha().raw().toBuffer();
    return { width, height, channels: 3, data: new Uint8Array(rgb) };
  },
  encode: ({ width, height, channels, data }) => sharp(data, { raw: { width, height, channels } }).png().toBuffer(),
};

/** The body, as long as it is within the limit; what is too long is not kept. */
async function bodyOf(request) {
  const refuse = (got) => new LimitError(`file must have at most ${limits.maxBytes} bytes, got ${got}`);
  const said = Number(request.headers['content-length'] ?? 0);
  if (said > limits.maxBytes) throw refuse(said);
  const chunks = [];
  let length = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    length += chunk.length;
    if (length > limits.maxBytes) throw refuse('more');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/**
 * One line, and the connection closes. Whoever still sends gets up to a second to read it: a socket that closes on what it has not read is reset, and the answer is lost.
 */
function refuse(request, response, status, line) {
  if (response.headersSent) return response.destroy();
  const retry = status === 503 ? { 'retry-after': '1' } : {};
  const body = Buffer.from(`${line}\n`);
  const headers = { 'content-type': 'text/plain; charset=utf-8', 'content-length': body.length, connection: 'close' };
  response.writeHead(status, { ...headers, ...retry });
  response.write(body);
  const end = () => {
    clearTimeout(timer);
    response.end();
  };
  const timer = setTimeout(end, 1000);
  if (request.complete) return end();
  request.once('end', end).once('close', end).resume();
}

const server = createServer(async (request, response) => {
  if (request.url !== '/upscale') return refuse(request, response, 404, 'path must be /upscale');
  if (request.method !== 'POST') return refuse(request, response, 405, 'method must be POST, with the image as body');
  const gone = new AbortController();
  response.on('close', () => gone.abort(new Error('the client left')));
  try {
    const png = await upscaler.upscaleFile(await bodyOf(request), codec, { signal: gone.signal });
    response.writeHead(200, { 'content-type': 'image/png', 'content-length': png.length });
    response.end(png);
  } catch (error) {
    const { status = 500, message } = error;
    // What nobody foresaw is for the log, not for the client.
    if (status === 500 && !gone.signal.aborted) console.error(error);
    refuse(request, response, status, status === 500 ? 'the image could not be upscaled' : message);
  }
});
// A client that sends slowly keeps no place, and not the connection either.
server.requestTimeout = limits.timeoutMs;
server.headersTimeout = 10_000;
server.maxConnections = 256;

server.listen(Number(values.port), values.host);
await once(server, 'listening');
const { address, port } = server.address();
console.log(`${upscaler.name}, x${upscaler.scale}, on http://${address}:${port}/upscale`);

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    server.close();
    server.closeAllConnections();
    upscaler.dispose();
  });
}
