import { fetchSet, type RemoteSet, remoteSets, setFromUrl } from '@fqsr/datasets';
import { asUsage, CliError, UsageError } from '../errors.js';
import type { Io, Progress } from '../io.js';
import type { Action } from './action.js';

const MEGABYTE = 1e6;

/** `fqsr datasets fetch`. */
export const fetchAction = {
  summary: 'download an archive into the cache; what was begun goes on',
  run: async (data, { sha256 }, io) => {
    const set = choose(data, sha256);
    const display = progressOf(set.name, io);
    try {
      const fetched = await fetchSet(set, { say: display.say, onProgress: display.update, signal: io.signal });
      const { name, folder, files, transferred } = fetched;
      return {
        json: { ...fetched, data: `remote/${name}` },
        text: `${folder}: ${files} files, ${transferred === 0 ? 'fetched before' : `${transferred} bytes fetched`}; use --data remote/${name}`,
      };
    } catch (error) {
      if (io.signal.aborted) throw new CliError('stopped (the same command goes on)');
      throw error;
    } finally {
      display.stop();
    }
  },
} satisfies Action;

function choose(data: string | undefined, sha256: string | undefined): RemoteSet {
  if (data?.includes('://')) return asUsage('data', () => setFromUrl(data, sha256 ?? null));
  const known = remoteSets.find(({ name }) => name === data);
  if (!known) {
    const names = remoteSets.map(({ name }) => name).join(', ');
    throw new UsageError(
      `data: must be one of ${names}, or an address, got ${data ?? 'nothing'} (see fqsr datasets list)`,
    );
  }
  if (sha256 !== undefined) throw new UsageError('--sha256: goes with an address, got a name (leave it out)');
  return known;
}

/** A display for each archive, once its size is known. */
function progressOf(label: string, io: Io) {
  let current: Progress | null = null;
  const stop = () => {
    current?.stop();
    current = null;
  };
  return {
    stop,
    say: (line: string) => {
      stop();
      io.say(line);
    },
    update: (done: number, total: number | null) => {
      if (total === null || total === 0) return;
      current ??= io.progress(`fetch ${label}`, Math.ceil(total / MEGABYTE), 'MB', done / MEGABYTE);
      current.update(done / MEGABYTE);
    },
  };
}
