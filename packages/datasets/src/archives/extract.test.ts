import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { gzipSync } from 'node:zlib';
import { create, Header } from 'tar';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { extractArchive } from './extract.js';
import { archiveFormats } from './registry.js';
import { makeZip } from './zip-writer.js';

let root = '';
const at = (...parts: string[]) => join(root, ...parts);
const limits = { bytes: 10 ** 6, entries: 100 };
const long = `${'folder-with-a-long-name/'.repeat(6)}${'x'.repeat(120)}.txt`;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'datasets-extract-'));
  await mkdir(at('in', 'set', 'folder-with-a-long-name/'.repeat(6)), { recursive: true });
  await writeFile(at('in', 'set', 'a.txt'), 'alpha');
  await writeFile(at('in', 'set', 'empty.txt'), '');
  await writeFile(at('in', 'set', long), 'long');
  await create({ file: at('good.tar'), cwd: at('in') }, ['set']);
  await create({ file: at('good.tar.gz'), cwd: at('in'), gzip: true }, ['set']);
  await writeFile(
    at('good.zip'),
    makeZip([
      { name: 'set/', data: '' },
      { name: 'set/a.txt', data: 'alpha' },
      { name: 'set/empty.txt', data: '' },
      { name: `set/${long}`, data: 'long' },
    ]),
  );
});
afterAll(() => rm(root, { recursive: true }));

let count = 0;
async function extract(file: string, most = limits) {
  const folder = at(`out-${count++}`, 'target');
  await mkdir(folder, { recursive: true });
  return { folder, ...(await extractArchive(at(file), folder, most)) };
}

/** A tar of one entry, as a villain would write it. */
function tarOf(path: string, data: string, type: 'File' | 'SymbolicLink' | 'Link' | 'FIFO' = 'File'): Buffer {
  const block = Buffer.alloc(512);
  const linkpath = type.endsWith('Link') ? '/etc/passwd' : '';
  new Header({ path, size: data.length, type, linkpath, mode: 0o644 }).encode(block, 0);
  return Buffer.concat([block, Buffer.from(data.padEnd(Math.ceil(data.length / 512) * 512, '\0')), Buffer.alloc(1024)]);
}

describe.each(archiveFormats.map(({ name }) => name))('%s', (name) => {
  it('unpacks files, folders, empty files and long names', async () => {
    const { folder, files, bytes } = await extract(`good.${name}`);
    expect({ files, bytes }).toEqual({ files: 3, bytes: 9 });
    expect(await readFile(join(folder, 'set', 'a.txt'), 'utf8')).toBe('alpha');
    expect(await readFile(join(folder, 'set', long), 'utf8')).toBe('long');
    expect(await readFile(join(folder, 'set', 'empty.txt'), 'utf8')).toBe('');
  });

  it('refuses more bytes or entries than allowed', async () => {
    await expect(extract(`good.${name}`, { ...limits, bytes: 6 })).rejects.toThrow(/unpacks to more than is allowed/);
    await expect(extract(`good.${name}`, { ...limits, entries: 2 })).rejects.toThrow(/more than 2 entries/);
  });

  it('refuses a cut archive, and one that is none', async () => {
    const bytes = await readFile(at(`good.${name}`));
    for (const [title, part] of Object.entries({
      half: bytes.subarray(0, bytes.length >> 1),
      none: Buffer.from('this is no archive'.repeat(60)),
      empty: Buffer.alloc(0),
    })) {
      await writeFile(at(`${title}.${name}`), part);
      await expect(extract(`${title}.${name}`)).rejects.toThrow(/^\[datasets\] extract: .* is damaged: /);
    }
  });
});

describe('entries that would leave the folder', () => {
  it.each(['../evil.txt', 'a/../../evil.txt', '/tmp/evil.txt', 'C:\\evil.txt', '..\\evil.txt', 'a/..'])(
    'refuses %s in a tar and in a zip',
    async (name) => {
      await writeFile(at('evil.tar'), tarOf(name, 'x'));
      await writeFile(at('evil.tar.gz'), gzipSync(tarOf(name, 'x')));
      await writeFile(at('evil.zip'), makeZip([{ name, data: 'x' }]));
      for (const file of ['evil.tar', 'evil.tar.gz', 'evil.zip']) {
        await expect(extract(file)).rejects.toThrow(/^\[datasets\] extract: /);
        expect(await readdir(at(`out-${count - 1}`))).toEqual(['target']);
        expect(await readdir(at(`out-${count - 1}`, 'target'))).toEqual([]);
      }
    },
  );

  it('refuses links and devices', async () => {
    for (const type of ['SymbolicLink', 'Link', 'FIFO'] as const) {
      await writeFile(at('link.tar'), tarOf('link', '', type));
      await expect(extract('link.tar')).rejects.toThrow(type === 'FIFO' ? /neither file nor folder/ : /is a link/);
    }
    await writeFile(at('link.zip'), makeZip([{ name: 'link', data: '/etc/passwd', mode: 0o120777 }]));
    await expect(extract('link.zip')).rejects.toThrow(/is a link/);
    await symlink('/etc/passwd', at('in', 'link'));
    await create({ file: at('real-link.tar'), cwd: at('in') }, ['link']);
    await expect(extract('real-link.tar')).rejects.toThrow(/is a link/);
  });

  it('refuses a name that comes twice', async () => {
    await writeFile(
      at('twice.zip'),
      makeZip([
        { name: 'a', data: '1' },
        { name: 'a', data: '2' },
      ]),
    );
    await expect(extract('twice.zip')).rejects.toThrow(/comes twice/);
  });

  it('counts what comes, not what is declared', async () => {
    const bomb = gzipSync(tarOf('zeros', '0'.repeat(2_000_000)));
    await pipeline([bomb], createWriteStream(at('bomb.tar.gz')));
    expect(bomb.length).toBeLessThan(10_000);
    await expect(extract('bomb.tar.gz')).rejects.toThrow(/more than is allowed/);
    await writeFile(at('liar.zip'), makeZip([{ name: 'a', data: '0'.repeat(5000), declared: 5 }]));
    await expect(extract('liar.zip')).rejects.toThrow(/damaged/);
  });
});
