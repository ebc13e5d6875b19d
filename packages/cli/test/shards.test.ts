/** WebDataset shards behind an address as `--data`. */
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { encodePng, openSource } from '@fqsr/datasets';
import { readSafetensors } from '@fqsr/runtime/format';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fqsr, scratch, start, tiny } from './fqsr.js';
import { tarOf } from './tar.js';

const at = scratch();
let shard = Buffer.alloc(0);
const servers: Server[] = [];

/** Serves the shard at any path; every fourth answer of more than a kilobyte is cut. */
async function serveShard(withParts: boolean): Promise<string> {
  let count = 0;
  const server = createServer(({ headers }, response) => {
    const [, first, last] = (withParts && /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '')) || [];
    const body = first === undefined ? shard : shard.subarray(Number(first), last ? Number(last) + 1 : shard.length);
    const range = { 'content-range': `bytes ${first}-${Number(first) + body.length - 1}/${shard.length}` };
    response.writeHead(first === undefined ? 200 : 206, {
      'content-length': body.length,
      etag: '"a"',
      ...(first !== undefined && range),
    });
    if (body.length < 1000 || ++count % 4 !== 0) response.end(body);
    else response.write(body.subarray(0, 900), () => setTimeout(() => response.destroy(), 5));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/leaves/train-{0..0}.tar`;
}

beforeAll(async () => {
  process.env['FQSR_CACHE'] = at('cache');
  const source = await openSource('dead-leaves:8:64');
  const files = await Promise.all(
    Array.from({ length: 8 }, async (_, i) => [`${i}.png`, await encodePng(await source.hr(i))] as const),
  );
  shard = tarOf(...files);
});
afterAll(() => {
  delete process.env['FQSR_CACHE'];
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

describe.each([
  ['with parts', true],
  ['without parts', false],
])('a server %s', (_title, withParts) => {
  it('feeds eval', async () => {
    const url = await serveShard(withParts);
    const how = ['--scale', '2', '--method', 'bicubic', '--json'];
    const [remote, local] = [
      await fqsr('eval', '--data', url, ...how),
      await fqsr('eval', '--data', 'dead-leaves:8:64', ...how),
    ];
    expect(remote.code, remote.stderr).toBe(0);
    const [a, b] = [JSON.parse(remote.stdout), JSON.parse(local.stdout)];
    expect({ ...a, dataset: 0, perImage: 0 }).toEqual({ ...b, dataset: 0, perImage: 0 });
    expect(a.dataset).toBe('leaves');
    expect(remote.stderr.includes('gives no parts of files')).toBe(!withParts);
  });
});

it('feeds train, which resumes with the same bits', async () => {
  const url = await serveShard(true);
  const options = [...tiny, '--data', url, '--steps', '30', '--checkpoint-every', '5'];
  const whole = await fqsr('train', ...options, '-o', at('whole'));
  expect(whole.code, whole.stderr).toBe(0);
  const { process: child, ended } = start(['train', ...options, '-o', at('killed')]);
  const lines = () =>
    existsSync(at('killed', 'log.jsonl')) ? readFileSync(at('killed', 'log.jsonl'), 'utf8').split('\n').length : 0;
  while (lines() < 9 && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 2));
  child.kill('SIGKILL');
  await ended;
  const resumed = await fqsr('train', '-o', at('killed'), '--json');
  expect(resumed.code, resumed.stderr).toBe(0);
  expect(JSON.parse(resumed.stdout).resumedFrom).toBeGreaterThan(0);
  const [a, b] = ['whole', 'killed'].map((run) => readSafetensors(readFileSync(at(run, 'model.safetensors'))).tensors);
  expect(b).toEqual(a);
});
