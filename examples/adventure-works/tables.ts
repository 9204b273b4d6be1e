import { readFile } from 'node:fs/promises';
import path from 'node:path';

/** Columns in the files' order; see data/README.md. Everything is text, and empty where there is nothing. */
const columns = {
  Product: [
    [
      'ProductID',
      'Name',
      'ProductNumber',
      'MakeFlag',
      'FinishedGoodsFlag',
      'Color',
      'SafetyStockLevel',
      'ReorderPoint',
    ],
    [
      'StandardCost',
      'ListPrice',
      'Size',
      'SizeUnitMeasureCode',
      'WeightUnitMeasureCode',
      'Weight',
      'DaysToManufacture',
    ],
    ['ProductLine', 'Class', 'Style', 'ProductSubcategoryID', 'ProductModelID', 'SellStartDate', 'SellEndDate'],
    ['DiscontinuedDate', 'rowguid', 'ModifiedDate'],
  ],
  ProductInventory: [
    ['ProductInventoryID', 'ProductID', 'LocationID', 'Shelf', 'Bin', 'Quantity', 'rowguid', 'ModifiedDate'],
  ],
  ProductListPriceHistory: [
    ['ProductListPriceHistoryID', 'ProductID', 'StartDate', 'EndDate', 'ListPrice', 'ModifiedDate'],
  ],
  Vendor: [
    ['BusinessEntityID', 'AccountNumber', 'Name', 'CreditRating', 'PreferredVendorStatus', 'ActiveFlag'],
    ['PurchasingWebServiceURL', 'ModifiedDate'],
  ],
  Customer: [['CustomerID', 'PersonID', 'StoreID', 'TerritoryID', 'AccountNumber', 'rowguid', 'ModifiedDate']],
  Store: [['BusinessEntityID', 'Name', 'SalesPersonID', 'ModifiedDate']],
  PurchaseOrderHeader: [
    ['PurchaseOrderID', 'RevisionNumber', 'Status', 'EmployeeID', 'VendorID', 'ShipMethodID', 'OrderDate', 'ShipDate'],
    ['SubTotal', 'TaxAmt', 'Freight', 'TotalDue', 'ModifiedDate'],
  ],
  PurchaseOrderDetail: [
    ['PurchaseOrderID', 'PurchaseOrderDetailID', 'DueDate', 'OrderQty', 'ProductID', 'UnitPrice', 'LineTotal'],
    ['ReceivedQty', 'RejectedQty', 'StockedQty', 'ModifiedDate'],
  ],
} as const;

type TableName = keyof typeof columns;
type TableRow<Name extends TableName> = Readonly<Record<(typeof columns)[Name][number][number], string>>;

export type Product = TableRow<'Product'>;
export type Vendor = TableRow<'Vendor'>;

/** A row with what other tables know about it. */
export type Stock = TableRow<'ProductInventory'> & { readonly product: Product };
export type Price = TableRow<'ProductListPriceHistory'> & { readonly product: Product };
export type Customer = TableRow<'Customer'> & { /** Empty for a person. */ readonly storeName: string };
export type OrderLine = TableRow<'PurchaseOrderDetail'> & { readonly product: Product };
export type Order = TableRow<'PurchaseOrderHeader'> & { readonly vendor: Vendor; readonly lines: readonly OrderLine[] };

/** AdventureWorks, as far as the dealers' systems are made of it. */
export interface AdventureWorks {
  readonly products: readonly Product[];
  readonly stock: readonly Stock[];
  readonly prices: readonly Price[];
  readonly vendors: readonly Vendor[];
  readonly customers: readonly Customer[];
  readonly orders: readonly Order[];
}

/** @param folder where the .tsv files are */
export async function readAdventureWorks(folder: string): Promise<AdventureWorks> {
  const read = async <Name extends TableName>(name: Name): Promise<TableRow<Name>[]> =>
    parseTable(name, await readFile(path.join(folder, `${name}.tsv`), 'utf8'));
  const products = await read('Product');
  const vendors = await read('Vendor');
  const product = finder('product', new Map(products.map((row) => [row.ProductID, row])));
  const vendor = finder('vendor', new Map(vendors.map((row) => [row.BusinessEntityID, row])));
  const storeNames = new Map((await read('Store')).map((row) => [row.BusinessEntityID, row.Name]));
  const lines = Map.groupBy(await read('PurchaseOrderDetail'), (row) => row.PurchaseOrderID);
  return {
    products,
    vendors,
    stock: (await read('ProductInventory')).map((row) => ({ ...row, product: product(row.ProductID) })),
    prices: (await read('ProductListPriceHistory')).map((row) => ({ ...row, product: product(row.ProductID) })),
    customers: (await read('Customer')).map((row) => ({ ...row, storeName: storeNames.get(row.StoreID) ?? '' })),
    orders: (await read('PurchaseOrderHeader')).map((row) => ({
      ...row,
      vendor: vendor(row.VendorID),
      lines: (lines.get(row.PurchaseOrderID) ?? []).map((line) => ({ ...line, product: product(line.ProductID) })),
    })),
  };
}

/** Tab-separated, without header and quotes. */
export function parseTable<Name extends TableName>(name: Name, text: string): TableRow<Name>[] {
  const names: readonly string[] = columns[name].flat();
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line, index) => {
    const cells = line.split('\t');
    if (cells.length !== names.length) {
      throw new Error(`${name}.tsv, line ${index + 1}: ${cells.length} columns instead of ${names.length}`);
    }
    return toRow<Name>(names, cells);
  });
}

function toRow<Name extends TableName>(names: readonly string[], cells: readonly string[]): TableRow<Name> {
  // The names are those of the type, and as many as there are cells: checked by the caller.
  return Object.fromEntries(names.map((name, column) => [name, cells[column] ?? ''])) as TableRow<Name>;
}

function finder<Row>(what: string, rows: ReadonlyMap<string, Row>): (id: string) => Row {
  return (id) => {
    const row = rows.get(id);
    if (row === undefined) throw new Error(`there is no ${what} ${id}`);
    return row;
  };
}
