import { execFileSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import { hashText, toBytes, toHex } from '../../shared/snapshot/hash64.ts';
import { murmur128, xxh64 } from '../../shared/snapshot/kernel/plain/hashes.ts';
import { wasmKernel } from '../../shared/snapshot/kernel/wasmKernel.ts';
import { type DiffOptions, diff, isEqual, kernels } from '../helpers/snapshot.ts';

const text = `id,v\n${Array.from({ length: 300 }, (_, index) => `${index},v${index}`).join('\n')}\n`;

describe.each(kernels)('the index read by the kernel in %s', (_name, kernel) => {
  test('comes back as it was written', async () => {
    const first = await diff(text, undefined, { kernel: kernel() });
    const second = await diff(text, first.saved, { kernel: kernel(), step: 13 });
    expect(second.result).toMatchObject({ baseline: 'used', unchanged: 300 });
    expect(isEqual(second.saved.index, first.saved.index)).toBe(true);
  });

  test.each<[string, DiffOptions]>([
    ['the mapping', { mapping: 'm2' }],
    ['the key', { key: ['v'] }],
    ['the key', { key: ['id', 'v'] }],
    ['the encoding', { encoding: 'windows-1252' }],
    ['the seed', { seed: 'ffffffffffffffff' }],
  ])('is void when %s has changed', async (what, options) => {
    const first = await diff(text, undefined, { kernel: kernel() });
    const second = await diff(text, first.saved, { kernel: kernel(), ...options });
    expect(second.result.baseline).toEqual({ void: expect.stringContaining(`${what}`) });
    expect(second.result).toMatchObject({ inserted: 300, removed: 0, unchanged: 0 });
  });

  test('is void when it is cut off anywhere or has a wrong byte anywhere, and never misread', async () => {
    const first = await diff(text, undefined, { kernel: kernel() });
    const fresh = await diff('id,v\n1,v1\nnew,1\n', undefined, { kernel: kernel() });
    const { index, keys } = first.saved;
    const damaged: Uint8Array[] = [
      Buffer.alloc(0),
      Buffer.concat([index, Buffer.from('x')]),
      Buffer.from('PK\u0003\u0004'.repeat(50)),
    ];
    for (let at = 0; at < index.length; at += 97) {
      damaged.push(index.subarray(0, at));
      const flipped = Buffer.from(index);
      flipped[at] = (flipped[at] ?? 0) ^ 0x10;
      damaged.push(flipped);
    }
    for (const bytes of damaged) {
      const second = await diff('id,v\n1,v1\nnew,1\n', { index: bytes, keys }, { kernel: kernel() });
      expect(second.result.baseline).toEqual({ void: expect.any(String) });
      expect(second.changes).toEqual(fresh.changes);
      expect(second.removed).toEqual([]);
      expect(isEqual(second.saved.index, fresh.saved.index)).toBe(true);
    }
  });

  test('removals whose keys are damaged are counted as lost, and no other key is taken for one', async () => {
    const first = await diff(text, undefined, { kernel: kernel() });
    const { index, keys } = first.saved;
    for (const damaged of [Buffer.alloc(0), keys.subarray(0, 100), Buffer.alloc(2_000, 0xff), Buffer.alloc(500)]) {
      const { result, removed } = await diff('id,v\n1,v1\n', { index, keys: damaged }, { kernel: kernel() });
      expect(result.removed + result.lostRemovals).toBe(299);
      expect(result.lostRemovals).toBeGreaterThan(200);
      expect(removed.every(([key]) => Number(key) < 300)).toBe(true);
    }
  });

  test('is void when its slots are out of order, however right its checksum is', async () => {
    const first = await diff('id,v\n1,a\n2,b\n3,c\n', undefined, { kernel: kernel() });
    const index = Buffer.from(first.saved.index);
    const slots = index.length - 8 - 3 * 32;
    const swapped = Buffer.concat([
      index.subarray(0, slots),
      index.subarray(slots + 32, slots + 64),
      index.subarray(slots, slots + 32),
      index.subarray(slots + 64, -8),
    ]);
    const checksum = xxh64(swapped, slots, swapped.length, hashText(swapped.subarray(12, slots)));
    const damaged = Buffer.concat([swapped, toBytes(checksum)]);
    const saved = { index: damaged, keys: first.saved.keys };
    const second = await diff('id,v\n1,a\n', saved, { kernel: kernel() });
    expect(second.result.baseline).toEqual({ void: 'it is damaged' });
  });
});

test('one kernel reads what the other wrote', async () => {
  const [[, wasm], [, plain]] = [kernels[0] ?? never(), kernels[1] ?? never()];
  const first = await diff(text, undefined, { kernel: wasm() });
  const second = await diff(text.replace('\n7,v7\n', '\n'), first.saved, { kernel: plain() });
  expect(second.result).toMatchObject({ unchanged: 299, removed: 1 });
  const third = await diff(text, second.saved, { kernel: wasm() });
  expect(third.result).toMatchObject({ unchanged: 299, inserted: 1 });
});

function never(): never {
  throw new Error('There are two kernels.');
}

test.each([
  ['', 'ef46db3751d8e999'],
  ['a', 'd24ec4f1a98c6e5b'],
  ['abc', '44bc2cf5ad770999'],
  ['Nobody inspects the spammish repetition', 'fbcea83c8a378bf1'],
])('XXH64 of %j is the published one', (input, expected) => {
  const bytes = Buffer.from(input);
  expect(toHex(xxh64(bytes, 0, bytes.length, { low: 0, high: 0 }))).toBe(expected);
});

test.each([
  ['hello', 'cbd8a7b341bd9b025b1e906a48ae1d19'],
  ['hello, world', '342fac623a5ebc8e4cdcbc079642414d'],
  ['The quick brown fox jumps over the lazy dog.', 'cd99481f9ee902c9695da1a38987b6e7'],
])('MurmurHash3 x64 128 of %j is the published one', (input, expected) => {
  const bytes = Buffer.from(input);
  const [first, second] = murmur128(bytes, 0, bytes.length, { low: 0, high: 0 });
  expect(toHex(first) + toHex(second)).toBe(expected);
});

test('more rows than fit into memory park the file, whatever somebody expected', async () => {
  const kernel = wasmKernel();
  kernel.open({ inputBytes: 1_000, maxRowBytes: 100, batchRows: 10, savedSlots: 10 });
  expect(() => kernel.openFresh(200_000_000)).toThrow(
    expect.objectContaining({ code: 'DATA_ERROR', disposition: 'park', message: expect.stringContaining('more rows') }),
  );
  const { result } = await diff('id,v\n1,a\n', undefined, { expectedRows: Number.MAX_SAFE_INTEGER });
  expect(result.inserted).toBe(1);
});

test('the committed WebAssembly is what its source builds', () => {
  execFileSync('node', ['buildKernel.ts', '--check'], { stdio: 'pipe' });
});
