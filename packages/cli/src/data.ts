/** The option `--data`. */
import { openSource, type Source } from '@fqsr/datasets';
import type { Io } from './io.js';

/** Opens a source, and says what its user should hear. @throws DatasetError as `openSource` does */
export async function openData(spec: string, io: Io): Promise<Source> {
  const source = await openSource(spec);
  if (source.notice !== undefined) io.say(source.notice);
  return source;
}
