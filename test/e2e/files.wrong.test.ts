import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { runOf, runsOf, share, stockCsv } from '../helpers/files.ts';
import { type Hub, startHub } from '../helpers/hub.ts';

let hub: Hub;
const rows = Array.from({ length: 2_000 }, (_, n): [string, number] => [`P-${n}`, n]);
const csv = stockCsv(rows);
const ndjson = rows.map(([part_number, on_hand]) => `${JSON.stringify({ part_number, on_hand })}\n`).join('');
const json = JSON.stringify(rows.map(([part_number, on_hand]) => ({ part_number, on_hand })));
const xml = `<rows>${rows.map(([part, onHand]) => `<row><part_number>${part}</part_number><on_hand>${onHand}</on_hand></row>`).join('\n')}</rows>`;
const half = (text: string) => text.slice(0, text.length / 2);

/** A full snapshot that is not what it should be: the dealer it is for, its file, how its run ends, and what it says. */
const wrong: [
  what: string,
  dealer: string,
  extension: string,
  content: string | Uint8Array,
  status: string,
  says: RegExp,
][] = [
  ['nothing at all', 'none', 'csv', '', 'suspect', /no rows/],
  ['a header alone', 'header', 'csv', 'part_number,on_hand\n', 'suspect', /no rows/],
  ['no element', 'element', 'xml', '<rows/>', 'suspect', /no rows/],
  ['half of a CSV', 'halfcsv', 'csv', half(csv), 'suspect', /max_delete_ratio/],
  ['half of an NDJSON', 'halfnd', 'ndjson', half(ndjson), 'suspect', /key can't be read|max_delete_ratio/],
  ['half of a JSON', 'halfjson', 'json', half(json), 'failed', /JSON/],
  ['a JSON with something behind its rows', 'morejson', 'json', `${json}]`, 'failed', /JSON is broken/],
  ['half of an XML', 'halfxml', 'xml', half(xml), 'failed', /XML/],
  ['half of a gzip', 'halfgz', 'csv.gz', gzipSync(csv).subarray(0, 3_000), 'failed', /end too early/],
  ['a bomb', 'bomb', 'csv.gz', gzipSync(Buffer.alloc(64 * 1024 * 1024, 'a,')), 'failed', /at most/],
  [
    'customers',
    'entity',
    'csv',
    `customer_id,name\n${rows.map(([part]) => `${part},x\n`).join('')}`,
    'failed',
    /part_number/,
  ],
  ['a picture', 'picture', 'parquet', Buffer.from('\u0089PNG\r\n\u001a\n'), 'failed', /should be parquet/],
];

beforeAll(async () => {
  hub = await startHub({ SHARES_SCAN_SCHEDULE: '*/2 * * * * *' });
  for (const [, dealer] of wrong) {
    await hub.dealer(dealer);
    await share(hub, `${dealer}/${dealer}_part_stock.csv`, csv);
  }
  for (const [, dealer] of wrong) {
    expect(await runOf(hub, `${dealer}/${dealer}_part_stock.csv`, 1, 120_000)).toMatchObject({
      status: 'succeeded',
      errors: [],
    });
  }
});
afterAll(async () => {
  await hub.end();
});

describe('a full snapshot that is', () => {
  test.each(wrong)(
    '%s deletes nothing, and its run says why',
    async (_what, dealer, extension, content, status, says) => {
      const path = `${dealer}/${dealer}_part_stock.${extension}`;
      const count = (await runsOf(hub, path)).length + 1;
      await share(hub, path, content);
      const run = await runOf(hub, path, count, 90_000);
      expect(run).toMatchObject({ status });
      expect(JSON.stringify(run.errors)).toMatch(says);
      expect((await hub.records(dealer, 'part_stock')).size).toBe(rows.length);
    },
  );
});
