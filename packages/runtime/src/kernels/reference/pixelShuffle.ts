/**
 * `pixelShuffle`: an index move from `[h, w, C*f*f]` to `[h*f, w*f, C]`.
 * - `dcr`: `out[y*f+dy, x*f+dx, c] = in[y, x, (dy*f + dx)*C + c]`
 * - `crd`: `out[y*f+dy, x*f+dx, c] = in[y, x, c*f*f + dy*f + dx]`
 */
import type { KernelTable } from '../kernel.js';

export const pixelShuffle: KernelTable['pixelShuffle'] = ({ factor, order }) => ({
  rows({ levels, width, channels: depth }, to, y0, y1) {
    const out = to.levels;
    const channels = to.channels;
    // Where in a pixel of the input sub-pixel (dy, dx) of channel c stands: (dy*f + dx) * subStep + c * channelStep.
    const subStep = order === 'dcr' ? channels : 1;
    const channelStep = order === 'dcr' ? 1 : factor * factor;
    for (let y = y0; y < y1; y++) {
      for (let dy = 0; dy < factor; dy++) {
        let at = (y * factor + dy) * to.width * channels;
        for (let x = 0; x < width; x++) {
          const pixel = (y * width + x) * depth + dy * factor * subStep;
          for (let dx = 0; dx < factor; dx++) {
            let from = pixel + dx * subStep;
            for (let c = 0; c < channels; c++, from += channelStep) out[at++] = levels[from] as number;
          }
        }
      }
    }
  },
});
