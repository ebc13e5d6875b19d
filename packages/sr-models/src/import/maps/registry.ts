import { basicsrEdsr } from './basicsr-edsr.js';
import { basicsrMsrresnet } from './basicsr-msrresnet.js';
import { edsrPytorch } from './edsr-pytorch.js';
import { srganLeftthomas } from './srgan-leftthomas.js';
import { srresnetPytorch } from './srresnet.js';
import type { NameMap } from './types.js';

/** All name maps by name. A file is of the first that recognises it. */
export const nameMaps = {
  [edsrPytorch.name]: edsrPytorch,
  [basicsrEdsr.name]: basicsrEdsr,
  [basicsrMsrresnet.name]: basicsrMsrresnet,
  [srresnetPytorch.name]: srresnetPytorch,
  [srganLeftthomas.name]: srganLeftthomas,
} as const satisfies Record<string, NameMap>;
