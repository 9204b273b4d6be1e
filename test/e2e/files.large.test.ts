import { createWriteStream } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createGzip } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { runOf } from '../helpers/files.ts';
import { type Hub, type Reply, startHub } from '../helpers/hub.ts';

// With SOAK=1 each file has more than 2 GiB (it takes 20 GB of disk and some minutes), else 40 MB. Most of a row is a
// column that nobody maps: what is stored stays small, and what is read does not.

const soak = process.env.SOAK === '1';
const memoBytes = soak ? 40_000 : 4_000;
const rows = soak ? 60_000 : 10_000;
const leastBytes = soak ? 2 ** 31 : 2 ** 25;
const patienceMs = soak ? 1_500_000 : 240_000;
/** The host's own, and what a page, a chunk and the index of so few rows take: never a file's size. */
const mostMemoryMb = 900;

let hub: Hub;
const folder = () => join(hub.sharesDir, 'huge');

beforeAll(async () => {
  hub = await startHub({ DROPS_TRIGGER_MAX_MB: '1', SHARES_SCAN_SCHEDULE: '*/2 * * * * *' });
  await hub.dealer('huge');
  const mapping = { part_number: 'part_number', on_hand: 'on_hand' };
  const body = { connector: 'file', entities: { part_stock: { mapping } } };
  expect((await hub.call('PUT', 'admin/dealers/huge/sources/dms', { body })).status).toBe(201);
});
afterAll(async () => {
  await hub.end();
});

/** Text that packs as text does, so that no guard takes it for a bomb. */
const words = Array.from({ length: 50_000 }, (_, n) => (Math.imul(n + 1, 0x9e3779b1) >>> 0).toString(36)).join(' ');

function* lines(quantityOf: (row: number) => number | undefined): Generator<string> {
  yield 'part_number,memo,on_hand\n';
  for (let row = 0; row < rows; row++) {
    const quantity = quantityOf(row);
    const start = (row * 7_919) % (words.length - memoBytes);
    if (quantity !== undefined) yield `P-${row},"${words.slice(start, start + memoBytes)}",${quantity}\n`;
  }
}

/** Writes a file into the share, in one step for those who watch. Bytes of its content. */
async function drop(name: string, quantityOf: (row: number) => number | undefined): Promise<number> {
  await mkdir(folder(), { recursive: true });
  const draft = join(dirname(folder()), `.draft-${name}`);
  let bytes = 0;
  const counted = Readable.from(
    (function* () {
      for (const line of lines(quantityOf)) {
        const chunk = Buffer.from(line);
        bytes += chunk.length;
        yield chunk;
      }
    })(),
  );
  if (name.endsWith('.gz')) {
    await pipeline(counted, createGzip({ level: constants.Z_BEST_SPEED }), createWriteStream(draft));
  } else {
    await pipeline(counted, createWriteStream(draft));
  }
  await rename(draft, join(folder(), name));
  return bytes;
}

async function peakMemoryMb(): Promise<number> {
  const status = await readFile(`/proc/${hub.host.pid}/status`, 'utf8').catch(() => 'VmHWM: 0 kB');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024;
}

/** The run of a file that was dropped, and how long it took. */
async function taken(name: string, quantityOf: (row: number) => number | undefined): Promise<Reply['body']> {
  const bytes = await drop(name, quantityOf);
  expect(bytes).toBeGreaterThan(leastBytes);
  const start = performance.now();
  const run = await runOf(hub, `huge/${name}`, 1, patienceMs);
  const seconds = Math.round((performance.now() - start) / 100) / 10;
  const memory = Math.round(await peakMemoryMb());
  if (soak) process.stderr.write(`${name}: ${bytes} bytes in ${seconds} s, host at most ${memory} MB so far\n`);
  expect(memory).toBeLessThan(mostMemoryMb);
  await rm(join(folder(), name));
  return run;
}

test(
  `a full snapshot, its packed successor and a delta, each of more than ${leastBytes} bytes, in bounded memory`,
  async () => {
    const first = await taken('huge_part_stock.csv', (row) => row);
    expect(first).toMatchObject({
      status: 'succeeded',
      errors: [],
      receipt: { read: rows, upserts: rows, balanced: true },
    });

    const second = await taken('huge_part_stock.csv.gz', (row) =>
      row % 10_000 === 5 ? undefined : row % 10_000 === 6 ? 7 : row,
    );
    const some = rows / 10_000;
    expect(second).toMatchObject({
      status: 'succeeded',
      errors: [],
      receipt: { read: rows - some, deletes: some, balanced: true },
    });
    expect(second.receipt).toMatchObject({ upserts: some, unchanged: rows - 2 * some, applied: { updated: some } });

    const delta = await taken('huge_part_stock_2031_01_01_00_00_00.csv', (row) => row + 1);
    expect(delta).toMatchObject({
      status: 'succeeded',
      errors: [],
      receipt: { read: rows, upserts: rows, balanced: true },
    });
    const last = await hub.call('GET', `dealers/huge/part_stock/records/P-${rows - 1}::`);
    expect(last.body.data).toMatchObject({ on_hand: rows });
  },
  // It waits three times; whichever is in vain says so.
  4 * patienceMs,
);
