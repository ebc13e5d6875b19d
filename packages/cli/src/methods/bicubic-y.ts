import { type FloatPlane, type Image, resizeBicubicPlane } from '@fqsr/datasets';
import { luma, type Image as Measured } from '@fqsr/metrics';
import type { Method } from './method.js';

/**
 * Bicubic as the published tables have it, from the MATLAB scripts of SRCNN (Dong et al., ECCV 2014) and VDSR (Kim et al., CVPR 2016): the luma of the HR image, rounded to 8
 * bits, is downsampled and upsampled in float and rounded once at the end. The data set's own LR image is not used. Files stored in grey have no luma: they are measured on their
 * grey values, 0..255.
 */
export const bicubicYMethod = {
  description: 'bicubic on Y alone, from HR: the bicubic of published tables',
  protocol: 'Y alone: 8-bit Y of HR (the grey values of grey files), down and up in float, rounded once',
  colours: ['y', 'y-single'],
  compare: ({ hr, scale }) => {
    const y = hr.grey ? greyOf(hr) : lumaOf(hr);
    const lr = resizeBicubicPlane(y, 1 / scale);
    return { sr: measured(resizeBicubicPlane(lr, { width: y.width, height: y.height })), hr: measured(y) };
  },
} satisfies Method;

type Plane = FloatPlane<Float64Array>;

/** MATLAB's `rgb2ycbcr` of a `uint8` image: rounded. */
function lumaOf({ width, height, data }: Image): Plane {
  const y = new Float64Array(width * height);
  for (let i = 0, at = 0; i < y.length; i++, at += 3) {
    y[i] = Math.round(luma(data[at] as number, data[at + 1] as number, data[at + 2] as number));
  }
  return { width, height, data: y };
}

function greyOf({ width, height, data }: Image): Plane {
  return { width, height, data: Float64Array.from({ length: width * height }, (_, i) => data[3 * i] as number) };
}

/** Clamped and rounded half up. */
function measured({ width, height, data }: Plane): Measured {
  const bytes = Uint8Array.from(data, (value) => Math.min(255, Math.max(0, Math.floor(value + 0.5))));
  return { width, height, channels: 1, data: bytes };
}
