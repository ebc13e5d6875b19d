/** A ustar file of these entries. */
export function tarOf(...entries: readonly (readonly [name: string, data: Uint8Array])[]): Buffer<ArrayBuffer> {
  return Buffer.concat([...entries.flatMap(([name, data]) => entryOf(name, data)), Buffer.alloc(1024)]);
}

function entryOf(name: string, data: Uint8Array): readonly Buffer[] {
  const header = Buffer.alloc(512);
  header.write(name);
  header.write(
    `0000644\0${'0000000\0'.repeat(2)}${data.length.toString(8).padStart(11, '0')}\0${'0'.repeat(11)}\0        0`,
    100,
  );
  header.write('ustar\x0000', 257, 'latin1');
  header.write(
    `${header
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
  );
  const padded = Buffer.alloc(Math.ceil(data.length / 512) * 512);
  padded.set(data);
  return [header, padded];
}
