import { gzipSync } from 'node:zlib';
import { type Book, recordsOf } from '../book.ts';
import type { Drop, Night } from '../drop.ts';
import { toParquet } from '../parquet.ts';
import type { AdventureWorks, Customer, Order, Price, Stock } from '../tables.ts';
import { toWorkbook } from '../workbook.ts';
import { type Row, toJsonWithin, toWindowsCsv, toXml } from '../write.ts';
import { customers, orders, parts, prices, stock, vendors } from './nordicVelo.ts';

const dealer = 'nordic-velo';

/**
 * Stockholm; a system that can't push. Each night it drops what it has into a folder: tables as CSV in Windows-1252,
 * suppliers as XML, the price list as a workbook, customers as Parquet; of the orders it drops what has changed, as JSON.
 */
export async function firstNight(tables: AdventureWorks): Promise<Night> {
  const counts = stockWithFault(tables.stock);
  return {
    story: 'Six files in five formats, one row of them bad',
    drops: [
      full(parts, tables.products, 'csv', toWindowsCsv(tables.products.map(parts.row))),
      full(stock, goodOf(counts), 'csv', toWindowsCsv(counts.map(stock.row)), { bad: 1 }),
      full(prices, tables.prices, 'xlsx', await toWorkbook('Prislista', tables.prices.map(prices.row))),
      full(vendors, tables.vendors, 'xml', toXml('register', 'leverantör', tables.vendors.map(vendors.row))),
      full(customers, tables.customers, 'parquet', toParquet(tables.customers.map(customers.row)), {
        hasManifest: true,
      }),
      ordersDelta('2015_09_07_23_00_00', tables.orders, []),
    ],
  };
}

/**
 * A day later. The stock's columns are in another order, its rows too, and its numbers are written `1 234,00` instead of
 * `1234`: none of that is a change. What is one: some counts, some rows gone, some new.
 */
export async function secondNight(tables: AdventureWorks): Promise<Night> {
  const counts = stockOnTuesday(tables.stock);
  const people = customersOnTuesday(tables.customers);
  const list = tables.prices.map(raised);
  const [cancelled, ...others] = tables.orders;
  return {
    story: 'Columns and rows in another order, numbers written otherwise; some rows changed, some gone, some new',
    drops: [
      full(stock, goodOf(counts), 'csv', toWindowsCsv(counts.map(stock.row).map(reformatted).reverse()), { bad: 1 }),
      full(prices, list, 'xlsx', await toWorkbook('Prislista', list.map(prices.row))),
      full(customers, people, 'parquet', toParquet(people.map(customers.row).reverse()), { hasManifest: true }),
      ordersDelta('2015_09_08_23_00_00', others.slice(0, 30).map(deliveredLate), cancelled ? [cancelled] : []),
    ],
  };
}

/** The disk was full: the dump of the stock ends in the middle, and looks like any other. */
export function thirdNight(tables: AdventureWorks): Night {
  const counts = stockOnTuesday(tables.stock).slice(0, 600);
  return {
    story: 'The dump of the stock was cut short: it would delete almost half of what is held',
    drops: [full(stock, goodOf(counts), 'csv', toWindowsCsv(counts.map(stock.row)), { bad: 1, isCut: true })],
  };
}

function full<Source, Written>(
  book: Book<Source, Written>,
  good: readonly Source[],
  extension: string,
  content: Uint8Array | string,
  { bad = 0, ...about }: { bad?: number; hasManifest?: boolean; isCut?: boolean } = {},
): Drop {
  return {
    dealer,
    entity: book.entity,
    file: `${dealer}_${book.entity}.${extension}`,
    content: Buffer.from(content),
    kind: 'full',
    rows: good.length + bad,
    bad,
    hasManifest: false,
    isCut: false,
    ...about,
    records: recordsOf(book, good),
    deletes: [],
  };
}

function ordersDelta(time: string, changed: readonly Order[], cancelled: readonly Order[]): Drop {
  const rows: Row[] = [
    ...changed.map(orders.row),
    ...cancelled.map(({ PurchaseOrderID }) => ({ ordernr: PurchaseOrderID, ändrad: cancelledAt, _op: 'delete' })),
  ];
  return {
    dealer,
    entity: orders.entity,
    file: `${dealer}_${orders.entity}_${time}.json.gz`,
    content: gzipSync(toJsonWithin(['export', 'inköpsorder'], rows)),
    kind: 'delta',
    rows: rows.length,
    bad: 0,
    hasManifest: false,
    isCut: false,
    records: recordsOf(orders, changed),
    deletes: [...recordsOf(orders, cancelled).keys()],
  };
}

const faulty = '?';
const cancelledAt = '2015-09-08 16:20:00';
const tuesday = '2015-09-08 09:30:00';

/** Somebody could not read the note from the shelf. */
function stockWithFault(rows: readonly Stock[]): Stock[] {
  return rows.map((row, index) => (index === 100 ? { ...row, Quantity: faulty } : row));
}

function goodOf(rows: readonly Stock[]): Stock[] {
  return rows.filter(({ Quantity }) => Quantity !== faulty);
}

function stockOnTuesday(rows: readonly Stock[]): Stock[] {
  const kept = stockWithFault(rows).slice(25);
  const moved = kept
    .filter(({ LocationID }) => LocationID === '6')
    .slice(-12)
    .map((row) => ({ ...row, LocationID: '70' }));
  const counted = kept.map((row, index) =>
    index % 20 === 3 ? { ...row, Quantity: String(Number(row.Quantity) + 1000), ModifiedDate: tuesday } : row,
  );
  return [...counted, ...moved];
}

function reformatted({ Ändrad, Antal, Beställningspunkt, Hylla, Butik, Artikelnr }: Row): Row {
  return {
    Ändrad,
    Hylla,
    Butik,
    Beställningspunkt: withGroups(String(Beställningspunkt)),
    Antal: withGroups(String(Antal)),
    Artikelnr,
  };
}

/** `1234` → `1 234,00`, the space one that doesn't break; what is no number stays what it is. */
function withGroups(text: string): string {
  return /^\d+$/.test(text) ? `${text.replace(/\B(?=(\d{3})+$)/g, '\u00a0')},00` : text;
}

function raised(price: Price, index: number): Price {
  return price.EndDate === '' && index % 5 === 0 ? { ...price, ListPrice: String(Number(price.ListPrice) + 1) } : price;
}

function customersOnTuesday(rows: readonly Customer[]): Customer[] {
  const moved = rows.slice(40).map((row, index) => (index % 500 === 0 ? { ...row, TerritoryID: '7' } : row));
  const joined = rows.slice(0, 8).map((row) => ({ ...row, AccountNumber: `NV${row.AccountNumber.slice(2)}` }));
  return [...moved, ...joined];
}

function deliveredLate(order: Order, index: number): Order {
  return index < 20 ? { ...order, ShipDate: '2015-09-21 00:00:00', ModifiedDate: tuesday } : order;
}
