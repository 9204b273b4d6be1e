import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { cascadeChangedStock } from '../../examples/adventure-works/dealers/cascadeCycles.ts';
import { germanDay, germanDecimal, germanTime } from '../../examples/adventure-works/dealers/radhausNord.ts';
import { wheelhouseTime } from '../../examples/adventure-works/dealers/wheelhouse.ts';
import { allDeliveries } from '../../examples/adventure-works/deliveries.ts';
import type { Delivery } from '../../examples/adventure-works/delivery.ts';
import { type AdventureWorks, parseTable, readAdventureWorks } from '../../examples/adventure-works/tables.ts';
import { toEuropeanCsv, toXml } from '../../examples/adventure-works/write.ts';
import { formatByExtension } from '../../shared/formats/registry.ts';
import type { Mapper, MapResult } from '../../shared/mapping/compile.ts';
import { readMappers } from '../helpers/exampleMappers.ts';

const folder = path.join(process.cwd(), 'examples', 'adventure-works');
let tables: AdventureWorks;
let mappers: Map<string, Mapper>;
let deliveries: Delivery[];
beforeAll(async () => {
  tables = await readAdventureWorks(path.join(folder, 'data'));
  mappers = await readMappers(path.join(folder, 'hub.yaml'));
  deliveries = allDeliveries(tables);
});

/** What the hub will make of a delivery's rows. */
async function mapDelivery(delivery: Delivery): Promise<MapResult[]> {
  const gzip = delivery.file.endsWith('.gz');
  const bytes = gzip ? gunzipSync(delivery.content) : Buffer.from(delivery.content);
  const format = formatByExtension(gzip ? delivery.file.slice(0, -'.gz'.length) : delivery.file);
  const mapper = mappers.get(`${delivery.dealer}/${delivery.entity}`);
  if (format === undefined || mapper === undefined)
    throw new Error(`nothing reads ${delivery.dealer}/${delivery.file}`);
  const results: MapResult[] = [];
  for await (const rows of format.read(
    (async function* () {
      yield bytes;
    })(),
  )) {
    for (const row of rows) {
      if ('error' in row) throw new Error(row.error);
      results.push(row.values._op === 'delete' ? mapper.remove(row.values) : mapper.upsert(row.values));
    }
  }
  return results;
}

type Taken = Extract<MapResult, { ok: true }>;

function find(results: readonly MapResult[], id: string): Taken | undefined {
  return results.filter((result) => result.ok).find((result) => result.id === id);
}

function deliveryOf(dealer: string, entity: string): Delivery {
  const found = deliveries.find((delivery) => delivery.dealer === dealer && delivery.entity === entity);
  if (found === undefined) throw new Error(`${dealer} delivers no ${entity}`);
  return found;
}

describe('every dealer', () => {
  test('brings each of six entities, in every format that can be pushed', () => {
    expect(deliveries).toHaveLength(18);
    const extensions = new Set(deliveries.map(({ file }) => file.slice(file.indexOf('.') + 1)));
    expect([...extensions].sort()).toEqual(['csv', 'csv.gz', 'json', 'ndjson', 'ndjson.gz', 'xml']);
    expect(deliveries.every(({ rows }) => rows > 20)).toBe(true);
  });

  test('sends rows that are taken, but for as many as it says, each with a key and a time of its own', async () => {
    for (const delivery of deliveries) {
      const results = await mapDelivery(delivery);
      const taken = results.filter((result) => result.ok);
      const refused = results.flatMap((result) => (result.ok ? [] : result.errors));
      const what = `${delivery.dealer}/${delivery.file}: ${JSON.stringify(refused.slice(0, 3))}`;
      expect([what, results.length, results.length - taken.length]).toEqual([what, delivery.rows, delivery.bad]);
      expect(new Set(taken.map(({ id }) => id)).size).toBe(taken.length);
      expect(taken.every(({ modified }) => modified !== null)).toBe(true);
    }
  });
});

describe('the same thing is the same for each dealer', () => {
  test('a product', async () => {
    const [cascade, radhaus, prairie] = await Promise.all(
      ['cascade-cycles', 'radhaus-nord', 'prairie-bikes'].map(
        async (dealer) => find(await mapDelivery(deliveryOf(dealer, 'part')), 'AW:BK-R89B-48')?.data,
      ),
    );
    expect(cascade).toEqual({
      manufacturer_code: 'AW',
      part_number: 'BK-R89B-48',
      description: 'Road-250 Black, 48',
      class: 'road',
      uom: 'EA',
      status: 'active',
      weight: 15.13,
      weight_uom: 'lb',
      standard_cost: '1554.9479',
      currency: 'USD',
      extensions: { colour: 'Black', size: '48' },
    });
    expect(prairie).toEqual(cascade);
    expect(radhaus).toEqual({
      ...cascade,
      weight: 6.863,
      weight_uom: 'kg',
      currency: 'EUR',
      extensions: undefined,
    });
  });

  test('an order with its lines', async () => {
    const orders = await Promise.all(
      ['cascade-cycles', 'radhaus-nord', 'prairie-bikes'].map((dealer) =>
        mapDelivery(deliveryOf(dealer, 'purchase_order')),
      ),
    );
    for (const [index, results] of orders.entries()) {
      const [first] = results;
      expect(first?.ok).toBe(true);
      if (first?.ok !== true) return;
      const order = tables.orders.find(({ PurchaseOrderID }) => PurchaseOrderID === first.id);
      expect(first.data).toMatchObject({
        supplier_id: order?.VendorID,
        status: { '1': 'pending', '2': 'approved', '3': 'rejected', '4': 'complete' }[order?.Status ?? ''],
        lines: order?.lines.map((line) => ({
          line_number: line.PurchaseOrderDetailID,
          part_number: line.product.ProductNumber,
          quantity: Number(line.OrderQty),
          received_quantity: Number(line.ReceivedQty),
          rejected_quantity: Number(line.RejectedQty),
        })),
      });
      const total = 'total' in first.data ? first.data.total : undefined;
      expect([index, Number(total)]).toEqual([index, Number(order?.TotalDue)]);
    }
  });

  test('midnight on the clocks of Portland, Hamburg and Des Moines', async () => {
    const times = await Promise.all(
      ['cascade-cycles', 'radhaus-nord', 'prairie-bikes'].map(async (dealer) => {
        const [first] = await mapDelivery(deliveryOf(dealer, 'part_stock'));
        return first?.ok === true ? first.data.as_of : undefined;
      }),
    );
    expect(times).toEqual(['2014-08-08T07:00:00Z', '2014-08-07T22:00:00Z', '2008-03-31T05:00:00Z']);
  });

  test('flags', async () => {
    for (const dealer of ['cascade-cycles', 'radhaus-nord', 'prairie-bikes']) {
      const suppliers = await mapDelivery(deliveryOf(dealer, 'supplier'));
      const preferred = suppliers.filter((result) => result.ok && result.data.preferred === true).length;
      const ids = new Set(suppliers.flatMap((result) => (result.ok ? [String(result.id)] : [])));
      const expected = tables.vendors.filter(
        (vendor) => ids.has(vendor.BusinessEntityID) && vendor.PreferredVendorStatus === '1',
      ).length;
      expect([dealer, preferred]).toEqual([dealer, expected]);
    }
  });
});

describe('the changed batch', () => {
  test('is of records that are held, and differs from them in just as many as it says', async () => {
    const changed = cascadeChangedStock(tables);
    const held = await mapDelivery(deliveryOf('cascade-cycles', 'part_stock'));
    const results = await mapDelivery(changed.delivery);
    const counts = { updated: 0, unchanged: 0, deleted: 0 };
    for (const result of results) {
      if (!result.ok) throw new Error(JSON.stringify(result.errors));
      const before = find(held, result.id);
      expect(before).toBeDefined();
      if (JSON.stringify(before?.data) !== JSON.stringify(result.data)) {
        expect(String(result.modified) > String(before?.modified)).toBe(true);
      }
      const isDelete = !('on_hand' in result.data);
      if (isDelete) counts.deleted++;
      else if (JSON.stringify(before?.data) === JSON.stringify(result.data)) counts.unchanged++;
      else counts.updated++;
    }
    expect(counts).toEqual({ updated: changed.updated, unchanged: changed.unchanged, deleted: changed.deleted });
    expect(results).toHaveLength(changed.delivery.rows);
  });
});

describe('how systems write', () => {
  test.each([
    ['1554.9479', '1.554,9479'],
    ['1234567', '1.234.567'],
    ['123', '123'],
    ['.00', '0,00'],
    ['', ''],
  ])('%s is %s in Germany', (text, german) => {
    expect(germanDecimal(text)).toBe(german);
  });

  test('times', () => {
    expect(germanTime('2014-02-08 10:01:36.827000000')).toBe('08.02.2014 10:01:36');
    expect(germanDay('2014-02-08 00:00:00')).toBe('08.02.2014');
    expect(wheelhouseTime('2014-02-08 10:01:36.827000000')).toBe('2014-02-08 10:01:36.827');
    expect(wheelhouseTime('2014-08-08 00:00:00')).toBe('2014-08-08 00:00:00');
  });

  test('CSV quotes what needs it, XML escapes what needs it', () => {
    expect(toEuropeanCsv([{ a: 'x;y', b: 'say "hi"' }])).toBe('\ufeffa;b\r\n"x;y";"say ""hi"""\r\n');
    expect(toXml('r', 'p', [{ a: '<&>', b: undefined, c: [{ d: 1 }] }])).toContain(
      '<p><a>&lt;&amp;&gt;</a><c><line><d>1</d></line></c></p>',
    );
  });

  test('a table with a column too few is refused', () => {
    expect(() => parseTable('Store', '1\tname\t3\t4\n2\tname\n')).toThrow(/line 2: 2 columns instead of 4/);
  });
});
