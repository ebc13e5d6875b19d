/** The engines that `fqsr bench` runs. A new one is a file beside this one and a line here. */
import { fqsrPeer } from './fqsr.js';
import { onnxPeer } from './onnx.js';
import type { Peer } from './peer.js';
import { tfjsPeer } from './tfjs.js';

/** All engines by name; ours first. */
export const peers = {
  fqsr: fqsrPeer('wasm', 'FQSR, WASM', true),
  'fqsr-reference': fqsrPeer('reference', 'FQSR, reference', false),
  tfjs: tfjsPeer,
  'onnxruntime-web': onnxPeer('onnxruntime-web', 'onnx-float'),
  'onnxruntime-web-int8': onnxPeer('onnxruntime-web', 'onnx'),
  'onnxruntime-node': onnxPeer('onnxruntime-node', 'onnx-float'),
  'onnxruntime-node-int8': onnxPeer('onnxruntime-node', 'onnx'),
} satisfies Record<string, Peer>;

/** Name of an engine. */
export type PeerName = keyof typeof peers;

/** The names of all engines. */
export const peerNames = Object.keys(peers) as readonly PeerName[];

/** What all others are compared with. */
export const ours = 'fqsr' satisfies PeerName;
