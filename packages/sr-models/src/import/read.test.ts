/** Containers and element types: one network, saved by PyTorch in every way. See `test/goldens/make.py`. */
import { writeSafetensors } from '@fqsr/runtime/format';
import { describe, expect, it } from 'vitest';
import { golden } from '../../test/foreign.js';
import { randomNumbers } from '../../test/networks.js';
import { ModelError } from '../error.js';
import { importNetwork } from './import.js';
import { readForeign } from './read.js';

async function values(name: string): Promise<Map<string, Float32Array>> {
  const { tensors } = await readForeign(golden(name));
  return new Map(await Promise.all([...tensors].map(async ([key, tensor]) => [key, await tensor.read()] as const)));
}

describe('the same values, whatever the container', () => {
  it.each([
    ['edsr-x2.legacy.pt', 'torch legacy'],
    ['edsr-x2.views.pt', 'torch zip'],
    ['edsr-x2.views-legacy.pt', 'torch legacy'],
    ['edsr-x2.f64.pt', 'torch zip'],
  ])('%s', async (name, format) => {
    expect((await readForeign(golden(name))).format).toBe(format);
    expect(await values(name)).toEqual(await values('edsr-x2.zip.pt'));
  });

  it('parameters of a wrapped module, in a training checkpoint', async () => {
    const file = await readForeign(golden('edsr-x2.parameters.pth'));
    expect(file.metadata).toEqual({ 'state dict': 'state_dict' });
    const { params } = await importNetwork(file);
    expect(params).toEqual((await importNetwork(await readForeign(golden('edsr-x2.zip.pt')))).params);
  });

  it.each([
    ['f16', 2 ** -11],
    ['bf16', 2 ** -8],
  ])('%s to its rounding, alike from torch and from safetensors', async (type, rounding) => {
    const own = await values(`edsr-x2.${type}.pt`);
    expect(await values(`edsr-x2.${type}.safetensors`)).toEqual(own);
    for (const [name, exact] of await values('edsr-x2.zip.pt')) {
      for (const [i, value] of exact.entries()) {
        const apart = Math.abs((own.get(name)?.[i] as number) - value);
        expect(apart).toBeLessThanOrEqual(Math.abs(value) * rounding + 2 ** -25);
      }
    }
  });

  it('safetensors of every type of ours, and no integers for weights', async () => {
    const file = await readForeign(
      writeSafetensors(
        new Map([
          ['a', { dtype: 'F64', shape: [2], data: Float64Array.of(0.5, 1e-3) }],
          ['b', { dtype: 'I64', shape: [], data: BigInt64Array.of(7n) }],
        ]),
        { rgb_range: '255' },
      ),
    );
    expect(file).toMatchObject({ format: 'safetensors', metadata: { rgb_range: '255' } });
    expect(await file.tensors.get('a')?.read()).toEqual(Float32Array.of(0.5, 1e-3));
    expect(file.tensors.get('b')).toMatchObject({ shape: [], dtype: 'int64' });
    await expect(file.tensors.get('b')?.read()).rejects.toThrow('b must hold floats, got int64');
  });
});

describe('what is more than tensors is refused by name', () => {
  it.each([
    [
      'refused-namespace.pt',
      /got the Python object argparse\.Namespace \(nothing of a file is executed; save the weights alone/,
    ],
    ['refused-module.pt', /got the Python object torch\.nn\.modules\.conv\.Conv2d/],
    ['refused-torchscript.pt', /must hold weights, got a TorchScript program/],
  ])('%s', async (name, reason) => {
    const work = readForeign(golden(name));
    await expect(work).rejects.toThrow(ModelError);
    await expect(work).rejects.toThrow(reason);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['an empty file', new Uint8Array(), /got an empty one/],
    ['a plain pickle', Uint8Array.of(0x80, 2, 0x7d, 0x2e), /got a plain pickle/],
    ['text', new TextEncoder().encode('no network at all'), /readSafetensors/],
    ['an archive of something else', golden('edsr-x2.zip.pt').slice(0, 60), /archive must be a zip file/],
  ])('%s', async (_title, bytes, reason) => {
    await expect(readForeign(bytes)).rejects.toThrow(reason);
  });
});

/** Reads everything of a file that it can. @returns the refusal, or `null` */
async function refusal(bytes: Uint8Array): Promise<Error | null> {
  try {
    const { tensors } = await readForeign(bytes);
    for (const tensor of tensors.values()) await tensor.read();
    return null;
  } catch (error) {
    return error as Error;
  }
}

describe('damaged files', () => {
  it.each(['edsr-x2.zip.pt', 'edsr-x2.legacy.pt', 'edsr-x2.f16.safetensors'])(
    '%s, cut anywhere, is refused',
    async (name) => {
      const whole = golden(name);
      for (let length = 0; length < whole.length; length += 97) {
        const error = await refusal(whole.slice(0, length));
        expect(['ModelError', 'FormatError'], `${length}: ${error?.stack}`).toContain(error?.name);
      }
    },
  );

  it('a changed byte of a weight is found in a zip file, by its checksum', async () => {
    const bytes = golden('edsr-x2.views.pt').slice();
    const middle = Math.floor(bytes.length / 2);
    bytes[middle] = (bytes[middle] as number) ^ 1;
    expect((await refusal(bytes))?.message).toMatch(/must be whole, got/);
  });

  it.each(['edsr-x2.zip.pt', 'edsr-x2.legacy.pt', 'edsr-x2.bf16.safetensors'])(
    '%s with random bytes is read, or refused with a reason',
    async (name) => {
      const random = randomNumbers(3);
      const whole = golden(name);
      for (let run = 0; run < 400; run++) {
        const bytes = whole.slice();
        for (let change = 0; change < 1 + (run % 4); change++) {
          // Half of the changes hit the first kilobytes, where the structure stands.
          const span = run % 2 === 0 ? bytes.length : Math.min(bytes.length, 3000);
          bytes[Math.floor(random() * span)] = Math.floor(random() * 256);
        }
        const error = await refusal(bytes);
        if (error) expect(['ModelError', 'FormatError'], `${run}: ${error.stack}`).toContain(error.name);
      }
    },
  );
});
