/**
 * The gradient of `DepthToSpace`, which TF.js lacks on every backend.
 *
 * The operation moves values (channel order DCR: `y[n, h * b + i, w * b + j, c] = x[n, h, w, (i * b + j) * C + c]`), so its gradient moves them back.
 */
import {
  DepthToSpace,
  type DepthToSpaceAttrs,
  type GradConfig,
  reshape,
  type Tensor,
  type Tensor4D,
  transpose,
} from '@tensorflow/tfjs';

type Attrs = Pick<DepthToSpaceAttrs, 'blockSize' | 'dataFormat'>;

/** `[n, h * b, w * b, c]` to `[n, h, w, b * b * c]`, channel order DCR: the inverse of `tf.depthToSpace` in NHWC. */
function spaceToDepth(y: Tensor4D, block: number): Tensor4D {
  const [n, height, width, channels] = y.shape;
  const [h, w] = [height / block, width / block];
  // Rank 5 with the pair (width in block, channel) kept together: the fastest transpose there is.
  const blocks = transpose(reshape(y, [n * h, block, w, block * channels]), [0, 2, 1, 3]);
  return reshape(blocks, [n, h, w, block * block * channels]);
}

export const depthToSpaceGradient: GradConfig = {
  kernelName: DepthToSpace,
  gradFunc: (dy, _saved, attrs) => {
    const { blockSize, dataFormat } = attrs as Attrs;
    const gradient = dy as Tensor4D;
    if (dataFormat === 'NHWC') return { x: () => spaceToDepth(gradient, blockSize) };
    return {
      x: () => transpose(spaceToDepth(transpose(gradient, [0, 2, 3, 1]), blockSize), [0, 3, 1, 2]) as Tensor,
    };
  },
};
