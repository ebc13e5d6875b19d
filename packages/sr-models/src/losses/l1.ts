import { meanAbsoluteDifference } from './absolute.js';
import type { Loss } from './types.js';

/** `mean |sr - hr|`, in grey levels: the loss of EDSR and FQSR. The gradient is `sign(sr - hr) / count`, 0 at equality. */
export const l1 = {
  name: 'l1',
  description: 'mean absolute error',
  of: (sr, hr) => meanAbsoluteDifference(sr, hr),
} as const satisfies Loss;
