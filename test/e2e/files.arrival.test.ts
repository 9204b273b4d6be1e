import { createHash } from 'node:crypto';
import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { TableClient, TableServiceClient } from '@azure/data-tables';
import { ServiceBusClient } from '@azure/service-bus';
import { BlobServiceClient } from '@azure/storage-blob';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { runOf, runsOf, share, shareWithManifest, stockCsv } from '../helpers/files.ts';
import { temporaryFolder } from '../helpers/host.ts';
import { type Hub, startHub } from '../helpers/hub.ts';
import { until } from '../helpers/poll.ts';
import { runAdp } from '../helpers/runAdp.ts';
import { contentOf } from '../helpers/serviceBus.ts';

let hub: Hub;

/** Above it a blob is not the trigger's. */
const triggerMaxMb = 1;

beforeAll(async () => {
  hub = await startHub({ DROPS_TRIGGER_MAX_MB: String(triggerMaxMb), SHARES_SCAN_SCHEDULE: '*/2 * * * * *' });
  await hub.dealer('acme');
  await hub.dealer('strict');
  const put = async (path: string, body: unknown) => {
    const reply = await hub.call('PUT', `admin/dealers/${path}`, { body });
    expect(reply.status).toBe(201);
  };
  await put('acme/sources/dms', {
    connector: 'file',
    time_zone: 'America/Chicago',
    entities: {
      part: {
        mapping: { part_number: 'Item', description: { coalesce: ['Long', 'Text'] } },
        settings: { delimiter: ';', files: [{ name: 'ITEMS_{yyyyMMdd_HHmm}.dat' }], format: 'csv' },
      },
    },
  });
  await put('strict/sources/erp', {
    connector: 'file',
    settings: { manifest: 'required' },
    entities: { customer: {} },
  });
});
afterAll(async () => {
  await hub.end();
});

let seconds = 0;
/** The path of a delta that no other test uses. */
function deltaOf(entity: string, extension = 'csv'): string {
  const time = new Date(Date.UTC(2025, 4, 13, 12) + 1_000 * seconds++).toISOString().slice(0, 19);
  return `acme/acme_${entity}_${time.replaceAll(/[-T:]/g, '_')}.${extension}`;
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

describe('a delta in the share', () => {
  test('becomes records, captured at the time in its name', async () => {
    const path = 'acme/acme_part_stock_2024_02_29_12_00_01.csv';
    await share(
      hub,
      path,
      stockCsv([
        ['A-1', 5],
        ['A-2', 7],
      ]),
    );
    const run = await runOf(hub, path);
    expect(run).toMatchObject({ status: 'succeeded', errors: [], door: 'file', entity: 'part_stock', source_id: null });
    expect(run.receipt).toMatchObject({ read: 2, upserts: 2, applied: { inserted: 2 }, balanced: true });
    expect(run.notes).toEqual([expect.stringContaining('Read as csv')]);
    const records = await hub.records('acme', 'part_stock');
    expect(records.get('A-1::')?.data).toMatchObject({ on_hand: 5 });
    expect(records.get('A-1::')?.version).toContain('|2024-02-29T12:00:01.000000000Z|');
  });

  test('may lie in a folder with an odd name', async () => {
    const path = deltaOf('part_stock').replace('acme/', 'acme/Büro & Lager #1 100%/{in}/');
    await share(hub, path, stockCsv([['ODD-1', 1]]));
    expect(await runOf(hub, path)).toMatchObject({ status: 'succeeded', errors: [], file: { path } });
  });

  test('that comes again with the same content makes a run that says so and does nothing', async () => {
    const path = deltaOf('part_stock');
    const content = stockCsv([['S-1', 1]]);
    await share(hub, path, content);
    const first = await runOf(hub, path);
    await share(hub, path, content);
    const again = await runOf(hub, path, 2);
    expect(again).toMatchObject({ status: 'succeeded', errors: [], receipt: { read: 0, balanced: true } });
    expect(again.notes).toEqual([expect.stringContaining(`same as in run ${first.run_id}`)]);
  });

  test('is read by its source: its names, its zone, its columns, its delimiter', async () => {
    const path = 'acme/2025/ITEMS_20250513_0700.dat';
    await share(hub, path, 'Item;Text;Weight\nP-1;Bolt;3\n');
    const run = await runOf(hub, path);
    expect(run).toMatchObject({ status: 'succeeded', errors: [], entity: 'part', source_id: 'dms' });
    const record = (await hub.records('acme', 'part')).get(':P-1');
    expect(record?.data).toMatchObject({ part_number: 'P-1', description: 'Bolt' });
    expect(record?.version).toContain('|2025-05-13T12:00:00.000000000Z|');

    const later = 'acme/ITEMS_20250513_0701.dat';
    await share(hub, later, 'Colour;Item;Text;Weight\nred;P-1;Nut;3\n');
    expect((await runOf(hub, later)).notes).toContainEqual(expect.stringMatching(/New in this file: "Colour"/));
  });

  test('that is still being written waits until it is complete', async () => {
    const path = deltaOf('part_stock');
    const file = join(hub.sharesDir, path);
    await mkdir(join(hub.sharesDir, 'acme'), { recursive: true });
    // It grows far more often than it is looked at; but who writes may be held up, and then it looks complete.
    const rows = 80;
    let bytes = 0;
    const written: { readonly bytes: number; readonly from: number; readonly to: number }[] = [];
    for (let row = -1; row < rows; row++) {
      const line = row < 0 ? 'part_number,on_hand\n' : `W-${row},${row}\n`;
      bytes += line.length;
      const from = Date.now();
      await appendFile(file, line);
      written.push({ bytes, from, to: Date.now() });
      await sleep(100);
    }
    /** How long it may have had so many bytes. */
    const stoodMs = (size: number) => {
      const at = written.findIndex((each) => each.bytes === size);
      return (written[at + 1]?.to ?? Number.POSITIVE_INFINITY) - (written[at]?.from ?? Number.POSITIVE_INFINITY);
    };
    const run = await until('it is taken as a whole', async () =>
      (await runsOf(hub, path)).find((each) => each.file.bytes === bytes),
    );
    expect(await hub.closed(run.run_id)).toMatchObject({ status: 'succeeded', errors: [], receipt: { read: rows } });
    const sizes: number[] = (await runsOf(hub, path)).map((each) => each.file.bytes);
    expect(sizes.filter((size) => stoodMs(size) < 1_000)).toEqual([]);
    expect(sizes).toHaveLength(new Set(sizes).size);
    const records = await hub.records('acme', 'part_stock');
    const held = Array.from({ length: rows }, (_, row) => records.get(`W-${row}::`)?.data.on_hand);
    expect(held).toEqual(Array.from({ length: rows }, (_, row) => row));
  });

  test('with a bad row among many: the good ones are taken, the bad one is in quarantine with its line and text', async () => {
    const path = deltaOf('part_stock');
    const good = Array.from({ length: 9 }, (_, i): [string, number] => [`Q-${i}`, i]);
    await share(hub, path, `${stockCsv(good)}Q-9,1,2,3\n`);
    const run = await runOf(hub, path);
    expect(run).toMatchObject({ status: 'partial', receipt: { read: 10, rejected: 1, applied: { inserted: 9 } } });
    const { body } = await hub.call('GET', 'dealers/acme/quarantine');
    expect(JSON.stringify(body.items)).toContain('Q-9,1,2,3');
    expect(run.errors[0]).toMatchObject({ row: 11, code: 'DATA_ERROR' });
  });

  test('takes deletes, and comes in any order', async () => {
    const [earlier, later] = [deltaOf('part_stock'), deltaOf('part_stock')];
    await share(hub, later, 'part_number,on_hand,_op\nO-1,,delete\nO-2,2,\n');
    await runOf(hub, later);
    await share(
      hub,
      earlier,
      stockCsv([
        ['O-1', 1],
        ['O-2', 1],
      ]),
    );
    expect(await runOf(hub, earlier)).toMatchObject({
      errors: [],
      receipt: { read: 2, skipped: { stale: 2 }, balanced: true },
    });
    const records = await hub.records('acme', 'part_stock');
    expect(records.has('O-1::')).toBe(false);
    expect(records.get('O-2::')?.data.on_hand).toBe(2);
  });
});

describe("a file that can't be taken ends as a failed run with its code, and nothing of it is applied", () => {
  const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024, 'a,'));
  const whole = gzipSync(stockCsv(Array.from({ length: 5_000 }, (_, i) => [`T-${i}`, i * 7_919])));
  const bad = stockCsv([
    ['R-1', 1],
    ['R-2', 'many'],
    ['R-3', 3],
  ]);

  const refused: [string, string, string | Uint8Array, string, RegExp][] = [
    [
      'of another dealer',
      'acme/other_part_stock_2025_01_01_00_00_00.csv',
      'x',
      'DATA_ERROR',
      /does not begin with acme_/,
    ],
    ['of an unknown entity', 'acme/acme_parts_stck_2025_01_01_00_00_00.csv', 'x', 'DATA_ERROR', /names no entity/],
    ['with a time that is none', 'acme/acme_part_stock_2025_02_30_00_00_00.csv', 'x', 'DATA_ERROR', /is no time/],
    [
      'of an unknown type',
      'acme/acme_part_stock_2025_01_01_00_00_00.pdf',
      'x',
      'DATA_ERROR',
      /"pdf", which is not read/,
    ],
    ['without any content', deltaOf('part_stock'), '', 'DATA_ERROR', /is empty/],
    ['cut short', deltaOf('part_stock', 'csv.gz'), whole.subarray(0, 9_000), 'DATA_ERROR', /end too early/],
    ['that is none of its kind', deltaOf('part_stock', 'csv.gz'), 'no gzip', 'DATA_ERROR', /named \.gz/],
    ['that unpacks without end', deltaOf('part_stock', 'csv.gz'), bomb, 'DATA_ERROR', /at most/],
    ['with broken JSON', deltaOf('part_stock', 'json'), '[{"part_number":"J-1"},', 'DATA_ERROR', /JSON/],
    ['with too many bad rows', deltaOf('part_stock'), bad, 'DATA_ERROR', /1 of 3 rows can't be taken/],
    [
      'that lacks a mapped column',
      'acme/ITEMS_20250514_0700.dat',
      'Item;Price\nX;1\n',
      'MAPPING_ERROR',
      /"Long" or "Text".*"Item", "Price"/,
    ],
    [
      'that is a conflict copy',
      'acme/acme_part_stock_2025_01_01_00_00_00-SRV01.csv',
      'x',
      'DATA_ERROR',
      /conflict copy.*of acme_part_stock_2025_01_01_00_00_00\.csv/,
    ],
  ];

  beforeAll(async () => {
    for (const [, path, content] of refused) await share(hub, path, content);
  });

  test.each(refused)('%s', async (_what, path, _content, code, detail) => {
    const run = await runOf(hub, path);
    expect(run).toMatchObject({ status: 'failed', door: 'file' });
    expect(run.errors[0]).toMatchObject({ code, detail: expect.stringMatching(detail) });
    expect(await runsOf(hub, path)).toHaveLength(1);
  });

  test('nothing of any of them is there', async () => {
    const ids = [...(await hub.records('acme', 'part_stock')).keys(), ...(await hub.records('acme', 'part')).keys()];
    expect(ids.filter((id) => /^:?(?:T-|R-|J-1|X)/.test(id))).toEqual([]);
  });

  test('in the folder of nobody; an operator sees it', async () => {
    await share(hub, 'nobody/nobody_part_stock_2025_01_01_00_00_00.csv', 'x');
    const run = await runOf(hub, 'nobody/nobody_part_stock_2025_01_01_00_00_00.csv');
    expect(run).toMatchObject({ status: 'failed', entity: null });
    expect(run.errors[0]).toMatchObject({
      code: 'CONFIG_ERROR',
      detail: expect.stringContaining('no dealer "nobody"'),
    });
    expect((await hub.call('GET', `runs/${run.run_id}`)).body.run_id).toBe(run.run_id);
  });

  test('and a corrected one under the same name is taken', async () => {
    const path = deltaOf('part_stock');
    await share(hub, path, 'part_number;on_hand;\nC-1;1;\n');
    expect(await runOf(hub, path)).toMatchObject({ status: 'failed' });
    await share(hub, path, stockCsv([['C-1', 1]]));
    expect(await runOf(hub, path, 2)).toMatchObject({
      status: 'succeeded',
      errors: [],
      receipt: { applied: { inserted: 1 } },
    });
  });
});

describe('a manifest', () => {
  const content = 'customer_id,name\n1,Ann\n2,Bob\n';
  const put = (path: string, manifest: object) => shareWithManifest(hub, path, content, manifest);

  test('that fits lets its file in', async () => {
    const path = deltaOf('customer');
    await put(path, { rows: 2, sha256: sha256(content), timezone: 'UTC', encoding: 'utf-8', schema_version: 1 });
    expect(await runOf(hub, path)).toMatchObject({ status: 'succeeded', errors: [], receipt: { read: 2 } });
  });

  const misfits: [string, object, RegExp, string][] = [
    ['number of rows', { rows: 3 }, /says 3 rows, the file has 2/, deltaOf('customer')],
    ['hash', { sha256: sha256('other') }, /says SHA-256/, deltaOf('customer')],
    ['zone', { timezone: 'Europe/Berlin' }, /time zone Europe\/Berlin, the source has UTC/, deltaOf('customer')],
    ['schema version', { schema_version: 7 }, /version 7 of the schema/, deltaOf('customer')],
    ['form', { sha: 'x' }, /sha is not known/, deltaOf('customer')],
  ];

  beforeAll(async () => {
    for (const [, manifest, , path] of misfits) await put(path, manifest);
  });

  test.each(misfits)('with another %s has its file refused whole', async (_what, _manifest, detail, path) => {
    const run = await runOf(hub, path);
    expect(run).toMatchObject({ status: 'failed', errors: [{ code: 'DATA_ERROR' }] });
    expect(run.errors[0].detail).toMatch(detail);
  });

  test('that is required: nothing happens until it is there', async () => {
    const path = 'strict/strict_customer_2025_05_13_12_00_00.csv';
    await share(hub, path, content);
    const blob = BlobServiceClient.fromConnectionString(hub.settings.AzureWebJobsStorage ?? '')
      .getContainerClient('drops')
      .getBlobClient(path);
    await until('it is copied', () => blob.exists());
    await sleep(5_000);
    expect(await runsOf(hub, path)).toEqual([]);
    await share(hub, `${path}.manifest.json`, JSON.stringify({ rows: 2 }));
    expect(await runOf(hub, path)).toMatchObject({ status: 'succeeded', errors: [], receipt: { read: 2 } });
  });
});

test('a full snapshot is compared with the last one of its name', async () => {
  const path = 'acme/acme_purchase_order.csv';
  const order = (id: number, status: string) => `${id},${status}`;
  const dump = (rows: string[]) => share(hub, path, ['purchase_order_number,status', ...rows, ''].join('\n'));
  const rows = Array.from({ length: 20 }, (_, i) => order(i, 'open'));
  await dump(rows);
  expect(await runOf(hub, path)).toMatchObject({
    errors: [],
    receipt: { read: 20, applied: { inserted: 20 }, balanced: true },
  });
  await dump([order(0, 'closed'), ...rows.slice(1, 19), order(20, 'open')]);
  const run = await runOf(hub, path, 2);
  expect(run).toMatchObject({ status: 'succeeded', errors: [], door: 'file', file: { path } });
  expect(run.receipt).toMatchObject({ read: 20, unchanged: 18, applied: { inserted: 1, updated: 1, deleted: 1 } });
});

describe('adp drop', () => {
  const drop = (args: readonly string[], env: Record<string, string> = {}) =>
    runAdp(['drop', 'acme', ...args], { env: { ADP_URL: hub.baseUrl, ADP_KEY: hub.adminKey, ...env } });
  const written = async (content: string) => {
    const file = join(await temporaryFolder('drop'), 'export.csv');
    await writeFile(file, content);
    return file;
  };
  const shares = () => ({ ADP_SHARES: hub.sharesDir });

  test('copies a file into the share, under a name of its own, and shows its run', async () => {
    const path = deltaOf('customer');
    const ran = await drop(
      [await written('customer_id,name\nD-1,Ann\n'), '--as', path.slice('acme/'.length)],
      shares(),
    );
    expect(ran).toMatchObject({ code: 0, stdout: expect.stringMatching(/file +acme\/acme_customer_.*Read as csv/s) });
  });

  test('takes the manifest along that lies beside the file, and fails as the run does', async () => {
    const file = await written('customer_id,name\nD-2,Bob\n');
    await writeFile(`${file}.manifest.json`, '{"rows":2}');
    const ran = await drop([file, '--as', deltaOf('customer').slice('acme/'.length)], shares());
    expect(ran).toMatchObject({ code: 1, stdout: expect.stringContaining('says 2 rows, the file has 1') });
  });

  test('says what to do where the share is not at hand, and refuses odd names', async () => {
    const file = await written('x');
    expect(await drop([file])).toMatchObject({ code: 1, stderr: expect.stringContaining('set ADP_SHARES') });
    expect(await drop([file, '--as', '../x.csv'], shares())).toMatchObject({ code: 2 });
    expect(await drop([`${file}.none`], shares())).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no file'),
    });
  });
});

test('a blob that is too large for the trigger is found by the sweep', async () => {
  const path = deltaOf('part_stock');
  const rows = Array.from({ length: 60_000 }, (_, i): [string, number] => [`LARGE-${String(i).padStart(12, '0')}`, i]);
  const content = stockCsv(rows);
  expect(content.length).toBeGreaterThan(triggerMaxMb * 1024 * 1024);
  await upload(path, content);
  expect(await runOf(hub, path)).toMatchObject({ status: 'succeeded', errors: [], receipt: { read: 60_000 } });
});

test('200 files at once: each has one run, and every row is there', async () => {
  const paths = Array.from({ length: 200 }, () => deltaOf('supplier'));
  await Promise.all(paths.map((path, i) => share(hub, path, `supplier_id,name\nF-${i},Name ${i}\nALL,Last ${i}\n`)));
  const statuses = async () => {
    const { body } = await hub.call('GET', 'dealers/acme/runs?entity=supplier&limit=1000');
    return body.items.map((run: { status: string }) => run.status);
  };
  await until(
    async () => `all are closed: ${JSON.stringify(await statuses())}`,
    async () => (await statuses()).filter((status: string) => status === 'succeeded').length === 200,
    400_000,
  );
  expect(await statuses()).toHaveLength(200);
  const records = await hub.records('acme', 'supplier');
  expect(records.size).toBe(201);
  expect(records.get('ALL')?.data.name).toBe('Last 199');
}, 600_000);

test('the host is killed in the middle: the file is applied once, and its run balances', async () => {
  const path = deltaOf('unit');
  const ids = Array.from({ length: 120_000 }, (_, i) => `U-${i}`);
  await upload(path, gzipSync(['unit_id,hours', ...ids.map((id, i) => `${id},${i}`), ''].join('\n')), '.gz');
  for (let kill = 0; kill < 3; kill++) {
    await until('it is under way', async () => (await runsOf(hub, `${path}.gz`)).length > 0);
    await sleep(700 + 900 * kill);
    await hub.host.kill();
    await hub.host.start();
  }
  const run = await runOf(hub, `${path}.gz`, 1, 400_000);
  expect(run).toMatchObject({
    status: 'succeeded',
    errors: [],
    receipt: { read: 120_000, upserts: 120_000, balanced: true },
  });
  expect(run.receipt.applied.inserted).toBe(120_000);
}, 900_000);

async function upload(path: string, content: string | Uint8Array, suffix = ''): Promise<void> {
  const bytes = Buffer.from(content);
  const drops = BlobServiceClient.fromConnectionString(hub.settings.AzureWebJobsStorage ?? '').getContainerClient(
    'drops',
  );
  await drops.getBlockBlobClient(path + suffix).upload(bytes, bytes.byteLength);
}

test('of a dealer that is deleted with its records nothing is left in storage but the epochs of its entities', async () => {
  const connection = hub.settings.AzureWebJobsStorage ?? '';
  const options = { allowInsecureConnection: true };
  const left = async () => {
    const found: string[] = [];
    const blobs = BlobServiceClient.fromConnectionString(connection);
    for (const container of ['drops', 'snapshots', 'staging', 'quarantine']) {
      const names = blobs.getContainerClient(container).listBlobsFlat({ includeSnapshots: true });
      for await (const { name } of names) if (/(^|\/)leaving\//.test(name)) found.push(`${container} ${name}`);
    }
    for await (const { name } of TableServiceClient.fromConnectionString(connection, options).listTables()) {
      const table = TableClient.fromConnectionString(connection, name ?? '', options);
      for await (const { partitionKey = '', rowKey = '' } of table.listEntities()) {
        const names = [partitionKey, rowKey].map((key) => key.split('.')[0]);
        if (names.includes('leaving')) found.push(`${name} ${rowKey}`);
      }
    }
    return found;
  };
  await hub.dealer('leaving');
  await share(
    hub,
    'leaving/leaving_part_stock.csv',
    stockCsv([
      ['P1', 5],
      ['P2', 1],
      ['P3', 'x'],
      ['P4', 2],
      ['P5', 2],
    ]),
  );
  await share(hub, 'leaving/leaving_part_stock_2025_05_13_12_00_00.csv', stockCsv([['P1', 6]]));
  for (const file of ['leaving_part_stock.csv', 'leaving_part_stock_2025_05_13_12_00_00.csv']) {
    expect(['partial', 'succeeded']).toContain((await runOf(hub, `leaving/${file}`)).status);
  }
  const before = await left();
  for (const place of ['drops', 'snapshots', 'quarantine', 'ledger', 'baselines', 'runs', 'runparts', 'dealers']) {
    expect(before.map((one) => one.split(' ')[0])).toContain(place);
  }
  expect((await hub.call('DELETE', 'admin/dealers/leaving?purge=true')).status).toBe(204);
  expect((await left()).filter((one) => !one.startsWith('cursors entity:'))).toEqual([]);
});

test('what is no message of file-arrivals is left in no queue: it is kept for a person', async () => {
  const connection = hub.settings.ServiceBusConnection ?? '';
  const queue = new ServiceBusClient(connection);
  await queue.createSender('file-arrivals').sendMessages([{ body: { path: 17 } }, { body: 'poison' }]);
  await queue.close();
  const kept = BlobServiceClient.fromConnectionString(hub.settings.AzureWebJobsStorage ?? '').getContainerClient(
    'quarantine',
  );
  await until('both are kept', async () => {
    const found = await Array.fromAsync(kept.listBlobsFlat({ prefix: '=unreadable/' }));
    return found.length === 2;
  });
  const isEmpty = async (path: string) => (await contentOf(connection, path)).length === 0;
  await until('no queue holds them', async () => {
    return (await isEmpty('file-arrivals')) && (await isEmpty('file-arrivals/$deadletterqueue'));
  });
});
