import type { Delivery } from '../delivery.ts';
import type { AdventureWorks, Stock } from '../tables.ts';
import { type Row, toJson, toJsonRecords, toNdjson } from '../write.ts';
import {
  wheelhouseCustomer,
  wheelhouseOrder,
  wheelhousePart,
  wheelhousePrice,
  wheelhouseStock,
  wheelhouseVendor,
} from './wheelhouse.ts';

const dealer = 'cascade-cycles';

/** Portland, Oregon; Wheelhouse 5, which pushes JSON. The whole catalogue; customers of the West and by mail. */
export function cascadeCycles(tables: AdventureWorks): Delivery[] {
  const territories = new Set(['1', '4', '9']);
  const deliver = (
    entity: string,
    extension: string,
    rows: readonly Row[],
    write: (rows: readonly Row[]) => string,
  ) => ({
    dealer,
    entity,
    file: `${entity}.${extension}`,
    content: write(rows),
    rows: rows.length,
    bad: 0,
  });
  const customers = tables.customers.filter(({ TerritoryID }) => territories.has(TerritoryID));
  const vendors = tables.vendors.filter(({ BusinessEntityID }) => isOurs(BusinessEntityID));
  const orders = tables.orders.filter(({ VendorID }) => isOurs(VendorID));
  return [
    deliver('part', 'json', tables.products.map(wheelhousePart), toJson),
    deliver('part_stock', 'json', ourStock(tables).map(wheelhouseStock), toJsonRecords),
    deliver('part_price', 'ndjson', tables.prices.map(wheelhousePrice), toNdjson),
    deliver('supplier', 'json', vendors.map(wheelhouseVendor), toJson),
    deliver('customer', 'ndjson', customers.map(wheelhouseCustomer), toNdjson),
    deliver('purchase_order', 'ndjson', orders.map(wheelhouseOrder), toNdjson),
  ];
}

/** What a later batch brings, and what must become of it. */
export interface ChangedStock {
  readonly delivery: Delivery;
  readonly updated: number;
  readonly unchanged: number;
  readonly deleted: number;
}

const changedRows = 40;
const sameRows = 60;

/** A Monday later: some bins were counted anew, some are sent again as they were, and one was given up. */
export function cascadeChangedStock(tables: AdventureWorks): ChangedStock {
  const lastChange = '2014-08-18 07:45:10';
  const [givenUp, ...others] = ourStock(tables).map(wheelhouseStock);
  const changed = others
    .slice(0, changedRows)
    .map((row, index) => ({ ...row, qty: Number(row.qty) + index + 1, lastChange }));
  const same = others.slice(changedRows, changedRows + sameRows);
  const deleted = { ...givenUp, _op: 'delete', lastChange };
  const rows: Row[] = [...changed, ...same, deleted];
  return {
    delivery: {
      dealer,
      entity: 'part_stock',
      file: 'part_stock_monday.ndjson',
      content: toNdjson(rows),
      rows: rows.length,
      bad: 0,
    },
    updated: changed.length,
    unchanged: same.length,
    deleted: 1,
  };
}

function ourStock({ stock }: AdventureWorks): Stock[] {
  const stores = new Set(['1', '2', '3', '4', '6']);
  return stock.filter(({ LocationID }) => stores.has(LocationID));
}

function isOurs(vendorId: string): boolean {
  return Number(vendorId) % 3 === 0;
}
