import type { BackendName, Image, Upscaler } from '@fqsr/runtime';
import { CliError } from '../../errors.js';
import type { Peer, PeerOutput } from './peer.js';

/** Bytes of a result that is held as a whole; a larger one is made in strips, each of which is dropped. */
const WHOLE = 2 ** 27;

/** Our runtime on one of its backends. */
export function fqsrPeer(backend: BackendName, label: string, byDefault: boolean): Peer {
  return {
    label,
    file: 'fqsr',
    arithmetic: 'integer',
    install: null,
    byDefault,
    open: async (path, threads) => {
      const { load } = await import('@fqsr/runtime');
      const upscaler = await load(path, { backend, threads });
      return {
        version: '@fqsr/runtime',
        threads: backend === 'wasm' ? threads : 1,
        prepare: (image) => async () => {
          if (3 * image.width * image.height * upscaler.model.scale ** 2 > WHOLE) return drain(upscaler, image);
          const { data } = await upscaler.upscale(image);
          return { pixels: () => data };
        },
      };
    },
  };
}

async function drain(upscaler: Upscaler, image: Image): Promise<PeerOutput> {
  let rows = 0;
  for await (const { height } of upscaler.upscaleRows(image)) rows += height;
  return {
    pixels: () => {
      throw new CliError(`a result of ${rows} rows must not be compared, it is made in strips (use a smaller --input)`);
    },
  };
}
