/**
 * WebDataset shards from the first image to the last, from disk or from the network: one image in memory at a time.
 */
import { createReadStream } from 'node:fs';
import { extname } from 'node:path';
import { readStream } from '../archives/bytes.js';
import { openRemoteFile } from '../archives/http.js';
import { tarEntries } from '../archives/tar-entries.js';
import { decodeImage } from '../decode.js';
import { BrokenImageError, type OnBroken, type Skipped } from '../error.js';
import type { Image } from '../image.js';
import { expandBraces, expandShards, imageExtensions } from './shard-names.js';

/** What happens to broken images. */
export interface StreamShardsOptions {
  /** `throw` by default. */
  readonly onBroken?: OnBroken | undefined;
  /** Hears of every image that is passed over. */
  readonly onSkipped?: ((skipped: Skipped) => void) | undefined;
}

/**
 * The images of shards in their order. `spec` is a path or an http(s) address with `{000..009}`; a path also with `*`. Over the network nothing is
 * kept, and a connection that is cut is made again. For random access and resume, open the shards as a source.
 *
 * @throws DatasetError when a shard is missing, damaged or cut
 *
 * @example
 * for await (const { name, image } of streamShards('https://example.org/train-{000..009}.tar')) console.log(name, image.width);
 */
export async function* streamShards(
  spec: string,
  { onBroken = 'throw', onSkipped = () => {} }: StreamShardsOptions = {},
): AsyncGenerator<{ readonly name: string; readonly image: Image }, void, undefined> {
  const remote = /^https?:\/\//.test(spec);
  for (const shard of remote ? expandBraces(spec) : expandShards(spec)) {
    const bytes = remote ? (await openRemoteFile(shard)).bytes(0) : createReadStream(shard);
    for await (const entry of tarEntries(readStream(bytes), shard)) {
      const extension = extname(entry.name);
      if (entry.kind !== 'file' || !imageExtensions.includes(extension.toLowerCase())) continue;
      const name = entry.name.slice(0, -extension.length);
      const parts: Uint8Array[] = [];
      for await (const chunk of entry.content()) parts.push(chunk);
      try {
        yield { name, image: await decodeImage(Buffer.concat(parts), `${shard}: ${entry.name}`) };
      } catch (error) {
        if (onBroken === 'throw' || !(error instanceof BrokenImageError)) throw error;
        onSkipped({ name, reason: error.message });
      }
    }
  }
}
