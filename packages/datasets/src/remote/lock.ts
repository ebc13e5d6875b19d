/**
 * One process at a time. The lock is a file with the process's number; the lock of a process that is gone is void.
 */
import { open, readFile, rm } from 'node:fs/promises';
import { DatasetError } from '../error.js';

/** Runs `work` while no other process holds the lock. @throws DatasetError when one does */
export async function withLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  await acquire(path);
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

async function acquire(path: string): Promise<void> {
  for (const again of [true, false]) {
    try {
      const file = await open(path, 'wx');
      await file.writeFile(String(process.pid));
      await file.close();
      return;
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
      const holder = Number(await readFile(path, 'utf8').catch(() => ''));
      if (again && holder > 0 && !isRunning(holder)) {
        await rm(path, { force: true });
        continue;
      }
      throw new DatasetError(
        'download',
        `process ${holder || 'unknown'} is fetching the same archive`,
        `wait for it, or remove ${path} if it is gone`,
        { cause },
      );
    }
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
