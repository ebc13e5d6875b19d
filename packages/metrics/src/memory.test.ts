/** The float64 buffers that a call makes, all of them together: no more than that is ever alive. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { conventionNames, type Image, type Metric, metricNames, metrics } from './index.js';

afterEach(() => vi.unstubAllGlobals());

const image = (value: number): Image => ({
  width: 512,
  height: 384,
  channels: 3,
  data: new Uint8Array(512 * 384 * 3).fill(value),
});

describe.each(metricNames)('%s', (name) => {
  it.each(conventionNames)('makes under three image-sized planes under %s, for colour under six', (convention) => {
    const { compare }: Metric = metrics[name];
    let samples = 0;
    const counted = new Proxy(Float64Array, {
      construct(target, given) {
        const made: Float64Array = Reflect.construct(target, given);
        if (made.buffer !== given[0]) samples += made.length;
        return made;
      },
    });
    vi.stubGlobal('Float64Array', counted);
    compare(image(3), image(5), { convention, scale: 4 });
    const planes = convention === 'rgb' || convention === 'edsr-div2k' ? 3 : 1;
    expect(samples).toBeGreaterThan(0);
    expect(samples / (512 * 384)).toBeLessThan(planes === 1 ? 3 : 6);
  });
});
