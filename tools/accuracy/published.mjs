/**
 * PSNR in dB of EDSR-baseline x4 at low bits, as the papers have it (luma, crop = scale), for the table beside our own. All of them quantize the residual blocks alone: head and tail stay in float, and the skips of most.
 */

/** Their float network: Lim et al., Enhanced Deep Residual Networks for Single Image Super-Resolution, CVPRW 2017, as its repository has it. */
export const float = { Set5: 32.09, Set14: 28.58, BSD100: 27.56 };

const pams = 'PAMS, Li et al., ECCV 2020';
const daq = 'DAQ, Hong et al., WACV 2022';
const ddtb = 'DDTB, Zhong et al., ECCV 2022';
const odm = 'ODM, Hong and Lee, ECCV 2024';

export const published = [
  { bits: 4, method: pams, psnr: { Set5: 31.59, Set14: 28.2 } },
  { bits: 4, method: daq, psnr: { Set5: 31.85, Set14: 28.38, BSD100: 27.42 } },
  { bits: 4, method: ddtb, psnr: { Set5: 31.85, Set14: 28.39, BSD100: 27.44 } },
  { bits: 4, method: odm, psnr: { Set5: 32.0, Set14: 28.47 } },
  { bits: 3, method: daq, psnr: { Set5: 31.66, Set14: 28.19, BSD100: 27.28 } },
  { bits: 3, method: ddtb, psnr: { Set5: 31.52, Set14: 28.18, BSD100: 27.3 } },
  { bits: 2, method: pams, psnr: { Set5: 29.51, Set14: 26.79 } },
  { bits: 2, method: daq, psnr: { Set5: 31.01, Set14: 27.89, BSD100: 27.09 } },
  { bits: 2, method: ddtb, psnr: { Set5: 30.97, Set14: 27.87, BSD100: 27.09 } },
  { bits: 2, method: odm, psnr: { Set5: 31.5, Set14: 28.14 } },
];
