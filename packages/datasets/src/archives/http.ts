/**
 * The bytes behind an address, in order, without a copy on disk.
 */
import { DatasetError } from '../error.js';

/**
 * @throws DatasetError in one line when the server cannot be reached, refuses, or cuts the connection
 */
export async function* bytesOfUrl(url: string): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    const response = await fetch(url, { headers: { 'accept-encoding': 'identity' } });
    if (!response.ok) {
      throw new DatasetError(
        'fetch',
        `${url} must be there, the server answers ${response.status}`,
        'check the address',
      );
    }
    yield* response.body ?? [];
  } catch (cause) {
    if (cause instanceof DatasetError) throw cause;
    const { message, cause: deeper } = cause as Error;
    const reason = deeper instanceof Error ? deeper.message : message;
    throw new DatasetError('fetch', `${url} cannot be read: ${reason}`, 'check the connection', { cause });
  }
}
