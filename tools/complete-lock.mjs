/**
 * Completes package-lock.json with the platform packages that the registry at hand did not offer: `npm ci` wants every optional dependency in the
 * lock, also those of other platforms, and a mirror may hold only some of them. Run it after `npm install` has changed the lock:
 * `node tools/complete-lock.mjs`.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const systems = ['linux', 'darwin', 'win32', 'freebsd', 'openbsd', 'android', 'openharmony', 'aix', 'netbsd', 'sunos'];
const processors = ['x64', 'arm64', 'arm', 'ia32', 'ppc64', 's390x', 'riscv64', 'loong64', 'wasm32', 'mips64el'];

const path = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(path, 'utf8'));
let added = 0;
for (const { optionalDependencies = {}, dev } of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    const at = `node_modules/${name}`;
    if (lock.packages[at] || Object.keys(lock.packages).some((key) => key.endsWith(`/${at}`))) continue;
    const words = name.split('/').at(-1).split('-');
    const os = words.find((word) => systems.includes(word));
    const cpu = words.find((word) => processors.includes(word));
    if (!os || !/^\d/.test(version)) throw new Error(`${name}@${version} is no platform package; install it first`);
    const libc = words.some((word) => word.startsWith('musl')) ? { libc: ['musl'] } : {};
    lock.packages[at] = {
      version,
      ...(cpu && { cpu: [cpu] }),
      ...(dev && { dev: true }),
      ...libc,
      optional: true,
      os: [os],
    };
    added++;
  }
}
const [[root, manifest], ...rest] = Object.entries(lock.packages);
lock.packages = Object.fromEntries([[root, manifest], ...rest.sort(([a], [b]) => (a < b ? -1 : 1))]);
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`package-lock.json: ${added} platform packages added`);
