import type { BackendName } from '@fqsr/runtime';
import type { Peer } from './peer.js';

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
          const { data } = await upscaler.upscale(image);
          return { pixels: () => data };
        },
      };
    },
  };
}
