import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatasetError } from '../error.js';
import { remoteSets } from '../remote/known.js';
import type { RemoteSet } from '../remote/manifest.js';
import { cachedSet } from '../remote/store.js';
import type { Source, SourceKind } from '../source.js';
import { isFolder } from './files.js';
import { openFolder } from './folders.js';

const form = /^remote\/([A-Za-z0-9][A-Za-z0-9._-]*)((?:\/[^/\\]+)*)\/?$/;

/** A data set that was fetched before, opened by the layout of its folder. Nothing is downloaded behind one's back: that takes a `fetchSet`. */
export const remote = {
  name: 'remote',
  description: 'remote/NAME[/FOLDER]: a data set that `fqsr datasets fetch NAME` has downloaded',
  matches: (spec) => spec.startsWith('remote/'),
  open: async (spec) => openRemote(spec),
} satisfies SourceKind;

async function openRemote(spec: string): Promise<Source> {
  const [, name = '', inside = ''] = form.exec(spec) ?? [];
  const parts = inside.split('/').filter(Boolean);
  if (name === '' || parts.includes('..')) {
    throw new DatasetError('openSource', `a remote source must be remote/NAME[/FOLDER], got ${spec}`, 'correct it');
  }
  const set = await cachedSet(name);
  const known: RemoteSet | undefined = remoteSets.find((each) => each.name === name);
  if (!set) {
    const remedy = known
      ? `fqsr datasets fetch ${name}`
      : `known are ${remoteSets.map((each) => each.name).join(', ')}; others by address`;
    throw new DatasetError('openSource', `${spec} must be fetched first`, remedy);
  }
  const path = join(set.folder, known?.root ?? '', ...parts);
  if (!isFolder(path)) {
    const above = join(set.folder, known?.root ?? '', ...parts.slice(0, -1));
    const there = isFolder(above)
      ? readdirSync(above, { withFileTypes: true }).filter((each) => each.isDirectory())
      : [];
    const names = there.map((each) => each.name).join(', ') || 'none';
    throw new DatasetError('openSource', `${spec} must name a folder of the set`, `folders there: ${names}`);
  }
  return openFolder(path);
}
