/**
 * The remote data sets that are known by name. A new one is a line here. Sizes and checksums of DIV2K are those that TensorFlow Datasets publishes (its `div2k/checksums.tsv`);
 * where nobody publishes one it is `null`, never made up. The second address of each is a mirror, asked when the first one fails: the checksum decides.
 */
import { basename } from 'node:path';
import { DatasetError } from '../error.js';
import { sha256Text } from './checksum.js';
import type { RemoteArchive, RemoteSet } from './manifest.js';

const MIRROR = 'https://huggingface.co/datasets/goodfellowliu/DIV2K/resolve/d8a7b7e82add5be32adb51d9442b7932b1739e89';

const div2k = (file: string, bytes: number, sha256: string): RemoteArchive => ({
  urls: [`https://data.vision.ee.ethz.ch/cvl/DIV2K/${file}`, `${MIRROR}/${file}`],
  bytes,
  sha256,
});
const trainHr = div2k(
  'DIV2K_train_HR.zip',
  3530603713,
  '9d0b9c463f6e35b6c62cc6a930ee2224f670b34c1df841a57670f9acf0f6c335',
);
const trainX2 = div2k(
  'DIV2K_train_LR_bicubic_X2.zip',
  925390592,
  'a53a424317575838dadce4bcd97cf7b744d6855f43740ed5f0245af3cf4bd850',
);
const trainX3 = div2k(
  'DIV2K_train_LR_bicubic_X3.zip',
  427847282,
  'ad5c8e5507e2765823d3c2c5bd0934842efcd487c5370604c224090898b3163a',
);
const trainX4 = div2k(
  'DIV2K_train_LR_bicubic_X4.zip',
  246914039,
  'f006b837f4eb52b82909aa01478e6d6d199eefce932179491d0c9dbb706dde3a',
);
const validHr = div2k(
  'DIV2K_valid_HR.zip',
  448993893,
  '20dd31fd84d777bc1cf5d6b7654a3f569c0aec74458ae094122ad1d0489900fc',
);
const validX2 = div2k(
  'DIV2K_valid_LR_bicubic_X2.zip',
  117763600,
  '60eed9875c697df51204aa579e2a699e1d5215095788a097ff54dd17e2664d57',
);
const validX3 = div2k(
  'DIV2K_valid_LR_bicubic_X3.zip',
  54513392,
  '04b9a2ed3b4a0715d3924d3ae8514830c3328fac8d30512ce716d6f419e052a3',
);
const validX4 = div2k(
  'DIV2K_valid_LR_bicubic_X4.zip',
  31505881,
  'a50a5d1c4b88de4e8d300d8fb2b904c52fe93b2b298a4899697760d7cbb6d553',
);

/** All remote data sets that are known by name. */
export const remoteSets = [
  {
    name: 'edsr-benchmark',
    description: 'Set5, Set14, B100 and Urban100 with x2, x3, x4 as EDSR was measured on: remote/edsr-benchmark/Set5',
    archives: [{ urls: ['https://cv.snu.ac.kr/research/EDSR/benchmark.tar'], bytes: null, sha256: null }],
    root: 'benchmark',
  },
  {
    name: 'div2k-train-x2',
    description: 'DIV2K, 800 training photographs of 2K with their x2 bicubic (4.5 GB; for academic research)',
    archives: [trainHr, trainX2],
    root: 'DIV2K_train_HR',
  },
  {
    name: 'div2k-train-x3',
    description: 'DIV2K, 800 training photographs of 2K with their x3 bicubic (4.0 GB; for academic research)',
    archives: [trainHr, trainX3],
    root: 'DIV2K_train_HR',
  },
  {
    name: 'div2k-train-x4',
    description: 'DIV2K, 800 training photographs of 2K with their x4 bicubic (3.8 GB; for academic research)',
    archives: [trainHr, trainX4],
    root: 'DIV2K_train_HR',
  },
  {
    name: 'div2k-train',
    description: 'DIV2K, 800 training photographs of 2K (3.5 GB; for academic research)',
    archives: [trainHr],
    root: 'DIV2K_train_HR',
  },
  {
    name: 'div2k-valid-x2',
    description: 'DIV2K, 100 validation photographs of 2K with their x2 bicubic (0.6 GB; for academic research)',
    archives: [validHr, validX2],
    root: 'DIV2K_valid_HR',
  },
  {
    name: 'div2k-valid-x3',
    description: 'DIV2K, 100 validation photographs of 2K with their x3 bicubic (0.5 GB; for academic research)',
    archives: [validHr, validX3],
    root: 'DIV2K_valid_HR',
  },
  {
    name: 'div2k-valid-x4',
    description: 'DIV2K, 100 validation photographs of 2K with their x4 bicubic (0.5 GB; for academic research)',
    archives: [validHr, validX4],
    root: 'DIV2K_valid_HR',
  },
] as const satisfies readonly RemoteSet[];

/**
 * A set from an address that is in no list; named after the file and the address, so that two addresses never share a folder.
 *
 * @throws DatasetError when the address is not http or https
 *
 * @example
 * setFromUrl('https://example.org/photos.zip', null).name; // 'photos-' and eight hexadecimal digits
 */
export function setFromUrl(url: string, sha256: string | null): RemoteSet {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed?.protocol !== 'https:' && parsed?.protocol !== 'http:') {
    throw new DatasetError('setFromUrl', `the address must be http or https, got ${url}`, 'give a full address');
  }
  const stem =
    basename(parsed.pathname)
      .replace(/\..*$/, '')
      .replace(/[^A-Za-z0-9_-]/g, '_') || 'archive';
  return {
    name: `${stem}-${sha256Text(parsed.href).slice(0, 8)}`,
    description: parsed.href,
    archives: [{ urls: [parsed.href], bytes: null, sha256: checkSha256(sha256) }],
    root: '',
  };
}

function checkSha256(sha256: string | null): string | null {
  if (sha256 === null || /^[0-9a-f]{64}$/i.test(sha256)) return sha256?.toLowerCase() ?? null;
  throw new DatasetError('setFromUrl', `sha256 must be 64 hexadecimal digits, got ${sha256}`, 'copy it in full');
}
