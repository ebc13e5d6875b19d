/**
 * Names the repository that is published from in every manifest: npm takes no provenance without. The release workflow runs it just before it publishes, so that a fork
 * names itself: `GITHUB_REPOSITORY=owner/name node tools/set-repository.mjs`. Nothing of it is committed.
 */
import { writeFileSync } from 'node:fs';
import { manifestOf, packageFolders } from './pack.mjs';

const { GITHUB_SERVER_URL: server = 'https://github.com', GITHUB_REPOSITORY: name } = process.env;
if (!/^[\w.-]+\/[\w.-]+$/.test(name ?? '')) {
  throw new Error(`[tools] set-repository: GITHUB_REPOSITORY must be owner/name, got ${name} (set it)`);
}
for (const folder of packageFolders) {
  const directory = `packages/${folder}`;
  const repository = { type: 'git', url: `git+${server}/${name}.git`, directory };
  const manifest = { ...manifestOf(folder), repository };
  writeFileSync(new URL(`../${directory}/package.json`, import.meta.url), `${JSON.stringify(manifest, null, 2)}\n`);
}
console.log(`${packageFolders.length} manifests name ${name}`);
