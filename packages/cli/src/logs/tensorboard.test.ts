import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { scratch } from '../../test/fqsr.js';
import { crc32c, maskedCrc32c } from './crc32c.js';
import { openTensorboard } from './tensorboard.js';
import { stepOf } from './tensorboard-event.js';
import { encodeRecord, readRecords } from './tf-record.js';

const at = scratch();
const utf8 = (text: string) => new TextEncoder().encode(text);

it('CRC-32C has the check values of RFC 3720, and the mask of TFRecord', () => {
  expect(crc32c(utf8('123456789'))).toBe(0xe3069283);
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(255))).toBe(0x62a8ab43);
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
  // 0xE3069283 turned right by 15 bits is 0x2507C60D.
  expect(maskedCrc32c(utf8('123456789'))).toBe((0x2507c60d + 0xa282ead8) >>> 0);
});

it('a record is length, checksum, data, checksum; reading stops where a file is cut off or damaged', () => {
  const first = encodeRecord(utf8('one'));
  expect([...first.subarray(0, 8)]).toEqual([3, 0, 0, 0, 0, 0, 0, 0]);
  expect(first.length).toBe(8 + 4 + 3 + 4);
  const file = Uint8Array.from([...first, ...encodeRecord(utf8('second'))]);
  const read = (bytes: Uint8Array) => [...readRecords(bytes)].map(({ data }) => new TextDecoder().decode(data));
  expect(read(file)).toEqual(['one', 'second']);
  for (const length of [0, 5, first.length - 1]) expect(read(file.subarray(0, length))).toEqual([]);
  for (const length of [first.length, first.length + 13, file.length - 1]) {
    expect(read(file.subarray(0, length))).toEqual(['one']);
  }
  for (const place of [first.length + 1, first.length + 9, first.length + 14, file.length - 2]) {
    const damaged = file.slice();
    damaged[place] = (damaged[place] as number) ^ 4;
    expect(read(damaged)).toEqual(['one']);
  }
});

/** A reader of protocol buffers that knows no schema: wire values by field number. */
function fields(bytes: Uint8Array): Map<number, (Uint8Array | number)[]> {
  const found = new Map<number, (Uint8Array | number)[]>();
  let i = 0;
  const varint = () => {
    let value = 0;
    for (let unit = 1; ; unit *= 128) {
      const byte = bytes[i++] as number;
      value += (byte & 127) * unit;
      if (byte < 128) return value;
    }
  };
  const take = (size: number) => {
    i += size;
    return bytes.subarray(i - size, i);
  };
  while (i < bytes.length) {
    const key = varint();
    const read: Readonly<Record<number, () => Uint8Array | number>> = {
      0: varint,
      1: () => Buffer.from(take(8)).readDoubleLE(),
      2: () => take(varint()),
      5: () => Buffer.from(take(4)).readFloatLE(),
    };
    const field = key >> 3;
    found.set(field, [...(found.get(field) ?? []), (read[key & 7] as () => Uint8Array | number)()]);
  }
  return found;
}
const text = (value: Uint8Array | number | undefined) => new TextDecoder().decode(value as Uint8Array);

it('writes events that read back, and cuts off what a resumed run will write again', async () => {
  const path = at('events.out.tfevents.fqsr');
  const png = Uint8Array.from({ length: 300 }, (_, i) => i % 256);
  const write = async (from: number, to: number) => {
    const board = await openTensorboard(path, from);
    for (let step = from + 1; step <= to; step++) {
      await board.step({ step, loss: step / 2, learningRate: 0.25, ...(step > 200 && { terms: { l1: 1.5 } }) });
    }
    const line = { step: to, images: 1, psnr: 30.5, ssim: 0.875, best: true };
    await board.validation(line, [{ name: 'bird', width: 640, height: 360, png }]);
  };
  await write(0, 150);
  await write(140, 201);
  const events = [...readRecords(readFileSync(path))].map(({ data }) => data);
  const steps = [0, ...Array.from({ length: 201 }, (_, i) => i + 1), 201];
  expect(events.map(stepOf)).toEqual(steps);
  const [first, second] = [fields(events[0] as Uint8Array), fields(events[1] as Uint8Array)];
  expect(text(first.get(3)?.[0])).toBe('brain.Event:2');
  expect(Math.abs((second.get(1)?.[0] as number) - Date.now() / 1000)).toBeLessThan(600);
  const valuesOf = (event: Uint8Array | undefined) =>
    (fields(fields(event as Uint8Array).get(5)?.[0] as Uint8Array).get(1) ?? []).map((value) =>
      fields(value as Uint8Array),
    );
  const scalars = (event: Uint8Array | undefined) =>
    valuesOf(event).map((value) => [text(value.get(1)?.[0]), value.get(2)?.[0]]);
  expect(scalars(events[1])).toEqual([
    ['loss/total', 0.5],
    ['rate/learning', 0.25],
  ]);
  expect(scalars(events[201])).toEqual([
    ['loss/total', 100.5],
    ['loss/l1', 1.5],
    ['rate/learning', 0.25],
  ]);
  expect(scalars(events[202]).slice(0, 2)).toEqual([
    ['validation/psnr', 30.5],
    ['validation/ssim', 0.875],
  ]);
  const image = valuesOf(events[202])[2] as Map<number, (Uint8Array | number)[]>;
  expect(text(image.get(1)?.[0])).toBe('validation/bird');
  const parts = fields(image.get(4)?.[0] as Uint8Array);
  expect([1, 2, 3].map((field) => parts.get(field)?.[0])).toEqual([360, 640, 3]);
  expect(Uint8Array.from(parts.get(4)?.[0] as Uint8Array)).toEqual(png);
});

it('goes on behind the last whole event of a killed run', async () => {
  const path = at('killed');
  const board = await openTensorboard(path, 0);
  for (const step of [1, 2]) await board.step({ step, loss: 1, learningRate: 1 });
  writeFileSync(path, readFileSync(path).subarray(0, -5));
  const resumed = await openTensorboard(path, 2);
  await resumed.step({ step: 3, loss: 1, learningRate: 1 });
  expect([...readRecords(readFileSync(path))].map(({ data }) => stepOf(data))).toEqual([0, 1, 3]);
});
