import { describe, expect, it } from 'vitest';
import { onnxPeer } from './onnx.js';
import { peerFiles } from './peer.js';
import { ours, peerNames, peers } from './registry.js';

describe.each(peerNames)('%s', (name) => {
  const { label, file, arithmetic, install } = peers[name];

  it('says what it is, what it runs and what to install', () => {
    expect(label).toContain(arithmetic === 'integer' ? label.split(', ')[0] : 'float32');
    expect(peerFiles).toContain(file);
    expect(install === null).toBe(name.startsWith('fqsr'));
    expect(arithmetic).toBe(file === 'fqsr' || file === 'onnx' ? 'integer' : 'float32');
  });
});

describe('engines', () => {
  it('start with ours and differ in what they are called', () => {
    expect(peerNames[0]).toBe(ours);
    expect(new Set(peerNames.map((name) => peers[name].label)).size).toBe(peerNames.length);
  });

  it('say by null that they are not installed', async () => {
    expect(await onnxPeer('@fqsr/no-such-engine', 'onnx').open('model.onnx', 1)).toBeNull();
  });
});
