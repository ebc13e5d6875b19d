/** Float networks from the command line: ONNX and TensorFlow.js, verified, then written. */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { useBackend } from '@fqsr/backends';
import { planFromPreset } from '@fqsr/quant-core/spec';
import { buildGraph, initParams, modelByName, quantizeGraph, serializeCheckpoint } from '@fqsr/sr-models';
import { beforeAll, describe, expect, it } from 'vitest';
import { scratch } from './fqsr.js';
import { runHere } from './in-process.js';

const at = scratch();
const on = ['--verify', 'dead-leaves:2:64'];
const model = modelByName('srresnet-f4b1', 2);

beforeAll(async () => {
  await useBackend('wasm');
  const params = initParams(buildGraph(model), 1);
  writeFileSync(at('float.safetensors'), serializeCheckpoint({ model, plan: null, params, training: null, run: {} }));
});

describe.each(['onnx-float', 'tfjs'])('export --format %s', (format) => {
  const out = at(format);

  it('runs what it writes in the other engine first', async () => {
    const { code, said } = await runHere('export', at('float.safetensors'), '--format', format, '-o', out, ...on);
    expect(code, said).toBe(0);
    expect(said).toMatch(/against the graph: at most [\d.e-]+ grey levels apart, .* over 24576 samples/);
    const names = format === 'tfjs' ? ['model.json', 'weights.bin'] : null;
    expect(statSync(out).isDirectory() ? readdirSync(out).sort() : null).toEqual(names);
  });

  it('says when it did not', async () => {
    const asked = ['export', at('float.safetensors'), '--format', format, '-o', `${out}-2`, ...on, '--unverified'];
    const { code, said } = await runHere(...asked);
    expect(code, said).toBe(0);
    expect(said).toContain(`not verified: ${format} was written without running it`);
    const file = (folder: string) => readFileSync(format === 'tfjs' ? `${folder}/weights.bin` : folder);
    expect(Buffer.compare(file(out), file(`${out}-2`))).toBe(0);
  });

  it('takes float checkpoints only', async () => {
    const plan = planFromPreset('w4a4s8');
    const float = modelByName('edsr-f4b1', 2);
    const graph = quantizeGraph(buildGraph(float), plan);
    writeFileSync(
      at('quantized.safetensors'),
      serializeCheckpoint({ model: float, plan, params: initParams(graph, 1), training: null, run: {} }),
    );
    const asked = ['export', at('quantized.safetensors'), '--format', format, '-o', `${out}-3`, ...on];
    const { code, said } = await runHere(...asked);
    expect(code).toBe(1);
    expect(said).toMatch(/must be a float checkpoint for --format .*, got one of w4a4s8 \(give the one it came from/);
    expect(existsSync(`${out}-3`)).toBe(false);
  });
});
