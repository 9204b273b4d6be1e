import type { Authority } from '../../../local/certificates/authority.ts';
import { recordsOf } from '../book.ts';
import { parts, stock, vendors } from '../dealers/altaCycles.ts';
import type { PolledSystem, Round } from '../polled.ts';
import type { AdventureWorks, Product, Stock, Vendor } from '../tables.ts';
import { type CounterDatabase, startCounterDatabase } from './counterDatabase.ts';

/** Rows whose time is within it before the latest one are read again: `overlap_seconds`, as it is by default. */
const overlapMs = 300_000;

/** What the tables of the dealer hold. */
interface Held {
  readonly products: readonly Product[];
  readonly stock: readonly Stock[];
  readonly vendors: readonly Vendor[];
}

/**
 * A dealer whose system is a SQL Server, with three tables that are read in three ways: `Product` has nothing that tells
 * what has changed and is compared as a whole, `ProductInventory` has a rowversion, `Vendor` a time.
 *
 * @param folder where its database is
 * @param authority vouches for the server; the hub has to trust it
 */
export async function startAltaCounter(
  folder: string,
  authority: Authority,
  tables: AdventureWorks,
): Promise<PolledSystem> {
  const database = await startCounterDatabase(folder, authority, tables);
  return {
    dealer: 'alta-cycles',
    source: 'counter',
    title: 'a SQL Server',
    secret: { name: 'alta-cycles-counter', value: database.connectionString },
    settings: {},
    rounds: () => workAtTheCounter(database, tables),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}

async function* workAtTheCounter(database: CounterDatabase, before: Held): AsyncGenerator<Round> {
  yield {
    story: 'It is read for the first time: everything',
    polls: [
      { entity: 'part', what: 'dbo.Product', rows: before.products.length, records: recordsOf(parts, before.products) },
      stockPoll(before.stock.length, before.stock),
      vendorPoll(before.vendors.length, before.vendors),
    ],
  };

  const after = changed(before);
  await carryOut(database, before, after);
  // Who reads by a cursor sees no row that is gone.
  const gone = before.stock.slice(-goneStock);
  yield {
    story:
      'A day at the counter: 3 parts renamed, 2 new, 1 gone; 6 counts, 1 new place, 3 gone; 2 suppliers rated anew',
    polls: [
      { entity: 'part', what: 'dbo.Product', rows: after.products.length, records: recordsOf(parts, after.products) },
      stockPoll(countedStock + newStock, [...after.stock, ...gone]),
      vendorPoll(ratedVendors + seenAgain(before.vendors), after.vendors),
    ],
  };

  yield {
    story: 'At night all keys of the stock are swept: what a cursor cannot see',
    mode: 'keys',
    polls: [stockPoll(after.stock.length, after.stock)],
  };
}

const stockPoll = (rows: number, held: readonly Stock[]) =>
  ({ entity: 'part_stock', what: 'dbo.ProductInventory', rows, records: recordsOf(stock, held) }) as const;

const vendorPoll = (rows: number, held: readonly Vendor[]) =>
  ({ entity: 'supplier', what: 'dbo.Vendor', rows, records: recordsOf(vendors, held) }) as const;

const renamedProducts = 3;
const newProducts = 2;
const countedStock = 6;
const newStock = 1;
const goneStock = 3;
const ratedVendors = 2;

function changed({ products, stock, vendors }: Held): Held {
  const [last] = stock.slice(-goneStock - 1);
  if (last === undefined) throw new Error('there is no stock');
  return {
    products: [
      ...products
        .slice(0, -1)
        .map((row, index) => (index < renamedProducts ? { ...row, Name: `${row.Name}, 2nd series` } : row)),
      ...products.slice(0, newProducts).map((row, index) => ({
        ...row,
        ProductID: String(5_000 + index),
        ProductNumber: `${row.ProductNumber}-B`,
      })),
    ],
    stock: [
      ...stock
        .slice(0, -goneStock)
        .map((row, index) => (index < countedStock ? { ...row, Quantity: String(Number(row.Quantity) + 10) } : row)),
      { ...last, ProductInventoryID: '5000', Shelf: 'Z' },
    ],
    vendors: vendors.map((row, index) => (index < ratedVendors ? { ...row, CreditRating: '5' } : row)),
  };
}

async function carryOut(database: CounterDatabase, before: Held, after: Held): Promise<void> {
  const now = 'ModifiedDate = SYSUTCDATETIME()';
  for (const { ProductID, Name } of after.products.slice(0, renamedProducts)) {
    await database.run(`UPDATE dbo.Product SET Name = N'${Name}', ${now} WHERE ProductID = ${ProductID}`);
  }
  await database.insert('dbo.Product', after.products.slice(-newProducts).map(parts.row));
  await database.run(`DELETE FROM dbo.Product WHERE ProductID = ${before.products.at(-1)?.ProductID}`);

  const places = 'dbo.ProductInventory';
  for (const { ProductInventoryID: id, Quantity } of after.stock.slice(0, countedStock)) {
    await database.run(`UPDATE ${places} SET Quantity = ${Quantity}, ${now} WHERE ProductInventoryID = ${id}`);
  }
  await database.insert(places, after.stock.slice(-newStock).map(stock.row));
  const gone = before.stock.slice(-goneStock).map(({ ProductInventoryID }) => ProductInventoryID);
  await database.run(`DELETE FROM ${places} WHERE ProductInventoryID IN (${gone.join(', ')})`);

  const rated = after.vendors.slice(0, ratedVendors).map(({ BusinessEntityID }) => BusinessEntityID);
  await database.run(`UPDATE dbo.Vendor SET CreditRating = 5, ${now} WHERE BusinessEntityID IN (${rated.join(', ')})`);
}

/** Suppliers that the overlap brings again, but for those that have changed. */
function seenAgain(vendors: readonly Vendor[]): number {
  const times = vendors.map(({ ModifiedDate }) => Date.parse(`${ModifiedDate.slice(0, 23).replace(' ', 'T')}Z`));
  const from = Math.max(...times) - overlapMs;
  return times.slice(ratedVendors).filter((time) => time >= from).length;
}
