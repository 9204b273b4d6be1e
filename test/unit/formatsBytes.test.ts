import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { gunzip } from '../../shared/formats/gunzip.ts';
import { isLimitExceeded, limitBytes } from '../../shared/formats/limits.ts';
import { decodeText, decodeUtf8 } from '../../shared/formats/text.ts';
import { inChunks } from '../helpers/formatRows.ts';

async function listed<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) {
    list.push(item);
  }
  return list;
}

async function collected(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await listed(chunks));
}

const reasonOf = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );

describe('text', () => {
  const decoded = async (bytes: Uint8Array, chunkSize?: number) =>
    (await listed(decodeText(inChunks(bytes, chunkSize)))).join('');
  /** Copied block by block: their memory is used again. */
  const utf8Of = async (bytes: Uint8Array, chunkSize?: number) => {
    let text = Buffer.alloc(0);
    for await (const block of decodeUtf8(inChunks(bytes, chunkSize))) {
      text = Buffer.concat([text, block]);
    }
    return text;
  };

  test('is what a TextDecoder makes of it, and refused where that refuses it', async () => {
    const likely = fc.constantFrom(
      0x41,
      0x7f,
      0x80,
      0xbf,
      0xc2,
      0xc3,
      0xe0,
      0xe2,
      0x82,
      0xac,
      0xed,
      0xf0,
      0x9f,
      0xf4,
      0xff,
    );
    const start = fc.constantFrom('', '\uFEFF', 'é', '🛠');
    await fc.assert(
      fc.asyncProperty(start, fc.array(likely, { maxLength: 8 }), fc.nat(200), async (before, bytes, padding) => {
        const data = Buffer.concat([Buffer.from(before), Buffer.from('ä'.repeat(padding)), Buffer.from(bytes)]);
        const isValid = (part: Uint8Array) => {
          try {
            new TextDecoder('utf-8', { fatal: true }).decode(part);
            return true;
          } catch {
            return false;
          }
        };
        if (isValid(data)) {
          expect(await decoded(data, 3)).toBe(new TextDecoder().decode(data));
          expect((await utf8Of(data, 3)).toString()).toBe(new TextDecoder().decode(data));
          return;
        }
        const reason = await reasonOf(decoded(data, 3));
        expect(await reasonOf(utf8Of(data))).toEqual(reason);
        const position = Number(/byte (\d+) /.exec(String(reason))?.[1]);
        expect(isValid(data.subarray(0, position))).toBe(true);
        for (let length = 1; length <= 4 && position + length <= data.length; length += 1) {
          expect(isValid(data.subarray(position, position + length))).toBe(false);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test('keeps characters whole that lie across the blocks it is decoded in', async () => {
    for (let shift = 0; shift < 5; shift += 1) {
      const text = 'x'.repeat(shift) + 'é漢🛠'.repeat(40_000);
      expect(await decoded(Buffer.from(text), 10_007)).toBe(text);
      expect(await decoded(Buffer.from(`\uFEFF${text}`, 'utf16le'), 10_007)).toBe(text);
    }
  });

  test('says where it is broken, however far that is', async () => {
    const far = Buffer.from('é'.repeat(200_000));
    far[300_001] = 0x41;
    await expect(decoded(far)).rejects.toThrow('byte 300000 ');
    const wide = Buffer.from(`\uFEFF${'é🛠'.repeat(50_000)}`, 'utf16le');
    wide.writeUInt16LE(0xdc00, 150_002);
    await expect(decoded(wide)).rejects.toThrow('not valid UTF-16: byte 150002 ');
    await expect(decoded(wide.subarray(0, 11))).rejects.toThrow('not valid UTF-16: byte 10 ');
  });
});

describe('gunzip', () => {
  const text = Buffer.from('part,stock\n'.repeat(20_000));
  const packed = gzipSync(text);
  const unpacked = (data: Uint8Array, maxBytes = 1e9, chunkSize?: number) =>
    collected(gunzip(inChunks(data, chunkSize), { maxBytes }));

  test('unpacks one member or several, whatever the size of the chunks', async () => {
    expect(await unpacked(packed, text.length, 1)).toEqual(text);
    expect(await unpacked(Buffer.concat([packed, packed]))).toEqual(Buffer.concat([text, text]));
    expect(await unpacked(gzipSync(''))).toHaveLength(0);
  });

  test('refuses what was cut short, at any place', async () => {
    for (let length = 0; length < packed.length; length += 1) {
      await expect(unpacked(packed.subarray(0, length))).rejects.toMatchObject({
        code: 'DATA_ERROR',
        disposition: 'park',
        message: 'The gzip data end too early.',
      });
    }
  });

  test.each([
    ['no gzip at all', text, 'corrupt'],
    ['a wrong checksum', Buffer.from(packed).fill(0x11, packed.length - 8, packed.length - 4), 'corrupt'],
    ['something after the end', Buffer.concat([packed, Buffer.from('more')]), 'corrupt'],
    ['zeros after the end', Buffer.concat([packed, Buffer.alloc(3)]), 'followed by 3 bytes'],
  ])('refuses %s', async (_name, data, message) => {
    await expect(unpacked(data)).rejects.toMatchObject({
      code: 'DATA_ERROR',
      disposition: 'park',
      message: expect.stringContaining(message),
    });
  });

  test('stops unpacking a bomb at the limit', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
    let received = 0;
    const reading = async () => {
      for await (const chunk of gunzip(inChunks(bomb), { maxBytes: 1_000_000 })) {
        received += chunk.byteLength;
      }
    };
    expect(isLimitExceeded(await reasonOf(reading()))).toBe(true);
    expect(received).toBeLessThanOrEqual(1_000_000);
  });

  test('hands on an error of its source as it is, and closes the source when the reader leaves', async () => {
    const broken = new Error('the line was cut');
    async function* failing() {
      yield packed.subarray(0, 20);
      throw broken;
    }
    expect(await reasonOf(collected(gunzip(failing(), { maxBytes: 1e9 })))).toBe(broken);

    const closed = Promise.withResolvers<void>();
    async function* endless() {
      try {
        for (;;) {
          yield packed;
        }
      } finally {
        closed.resolve();
      }
    }
    for await (const _chunk of gunzip(endless(), { maxBytes: 1e12 })) {
      break;
    }
    await closed.promise;
  });
});

test('limitBytes lets the limit through and nothing beyond it', async () => {
  expect(await collected(limitBytes(inChunks('12345', 2), 5))).toEqual(Buffer.from('12345'));
  expect(isLimitExceeded(await reasonOf(collected(limitBytes(inChunks('123456', 2), 5))))).toBe(true);
});
