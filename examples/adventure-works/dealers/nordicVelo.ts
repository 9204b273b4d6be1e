import type { Book } from '../book.ts';
import type { CellRow } from '../cells.ts';
import type { Customer, Order, Price, Product, Stock, Vendor } from '../tables.ts';
import { dayOf } from './wheelhouse.ts';

/** Parts, with the names that Windows-1252 is needed for. */
export const parts: Book<Product> = {
  entity: 'part',
  row: (product) => ({
    Artikelnr: product.ProductNumber,
    Tillverkare: 'AW',
    Benämning: product.Name,
    Färg: colours[product.Color] ?? '',
    Enhet: 'st',
    Utgått: product.SellEndDate === '' ? 'nej' : 'ja',
    Inköpspris: swedishDecimal(product.StandardCost),
    Ändrad: swedishTime(product.ModifiedDate),
  }),
  record: (product) => ({
    manufacturer_code: 'AW',
    part_number: product.ProductNumber,
    description: product.Name,
    uom: 'EA',
    status: product.SellEndDate === '' ? 'active' : 'obsolete',
    standard_cost: withWhole(product.StandardCost),
    currency: 'SEK',
    ...(product.Color === '' ? {} : { extensions: { colour: colours[product.Color] ?? '' } }),
  }),
};

export const stock: Book<Stock> = {
  entity: 'part_stock',
  row: (stock) => ({
    Artikelnr: stock.product.ProductNumber,
    Butik: stock.LocationID,
    Hylla: `${stock.Shelf}-${stock.Bin}`,
    Antal: stock.Quantity,
    Beställningspunkt: stock.product.ReorderPoint,
    Ändrad: swedishTime(stock.ModifiedDate),
  }),
  record: (stock) => ({
    part_number: stock.product.ProductNumber,
    branch_code: stock.LocationID,
    bin: `${stock.Shelf}-${stock.Bin}`,
    on_hand: Number(stock.Quantity),
    reorder_point: Number(stock.product.ReorderPoint),
  }),
};

/** A price list in Excel; its days are dates, its prices numbers. */
export const prices: Book<Price, CellRow> = {
  entity: 'part_price',
  row: (price) => ({
    Artikelnr: price.product.ProductNumber,
    Prislista: 'Butik',
    'Gäller från': toDate(price.StartDate),
    'Gäller till': price.EndDate === '' ? undefined : toDate(price.EndDate),
    Pris: Number(price.ListPrice),
  }),
  record: (price) => ({
    part_number: price.product.ProductNumber,
    price_type: 'list',
    effective_from: dayOf(price.StartDate),
    ...(price.EndDate === '' ? {} : { effective_to: dayOf(price.EndDate) }),
    amount: String(Number(price.ListPrice)),
    currency: 'SEK',
  }),
};

export const vendors: Book<Vendor> = {
  entity: 'supplier',
  row: (vendor) => ({
    nr: vendor.BusinessEntityID,
    kundnr: vendor.AccountNumber,
    namn: vendor.Name,
    kreditklass: vendor.CreditRating,
    prioriterad: vendor.PreferredVendorStatus === '1' ? 'ja' : 'nej',
    aktiv: vendor.ActiveFlag === '1' ? 'ja' : 'nej',
  }),
  record: (vendor) => ({
    supplier_id: vendor.BusinessEntityID,
    account_number: vendor.AccountNumber,
    name: vendor.Name,
    credit_rating: vendor.CreditRating,
    preferred: vendor.PreferredVendorStatus === '1',
    active: vendor.ActiveFlag === '1',
  }),
};

/** The customers come from a data warehouse. */
export const customers: Book<Customer, CellRow> = {
  entity: 'customer',
  row: (customer) => ({
    kundnr: customer.AccountNumber,
    namn: customer.storeName === '' ? undefined : customer.storeName,
    kundtyp: customer.storeName === '' ? 'privat' : 'företag',
    distrikt: Number(customer.TerritoryID),
    ändrad: toDate(customer.ModifiedDate),
  }),
  record: (customer) => ({
    customer_id: customer.AccountNumber,
    type: customer.storeName === '' ? 'person' : 'business',
    ...(customer.storeName === '' ? {} : { name: customer.storeName }),
    extensions: { district: Number(customer.TerritoryID) },
  }),
};

export const orders: Book<Order> = {
  entity: 'purchase_order',
  row: (order) => ({
    ordernr: order.PurchaseOrderID,
    leverantör: order.VendorID,
    status: { '1': 'väntar', '2': 'godkänd', '3': 'avvisad', '4': 'klar' }[order.Status],
    leverans: dayOf(order.ShipDate),
    summa: Number(order.TotalDue),
    rader: order.lines.map((line) => ({
      rad: line.PurchaseOrderDetailID,
      artikelnr: line.product.ProductNumber,
      antal: Number(line.OrderQty),
      pris: Number(line.UnitPrice),
    })),
    ändrad: swedishTime(order.ModifiedDate),
  }),
  record: (order) => ({
    purchase_order_number: order.PurchaseOrderID,
    supplier_id: order.VendorID,
    status: { '1': 'pending', '2': 'approved', '3': 'rejected', '4': 'complete' }[order.Status] ?? '',
    eta: dayOf(order.ShipDate),
    total: String(Number(order.TotalDue)),
    currency: 'SEK',
    lines: order.lines.map((line) => ({
      line_number: line.PurchaseOrderDetailID,
      part_number: line.product.ProductNumber,
      quantity: Number(line.OrderQty),
      unit_price: String(Number(line.UnitPrice)),
    })),
  }),
};

const colours: Readonly<Record<string, string>> = {
  Black: 'svart',
  Blue: 'blå',
  Grey: 'grå',
  Multi: 'flerfärgad',
  Red: 'röd',
  Silver: 'silver',
  'Silver/Black': 'silver/svart',
  White: 'vit',
  Yellow: 'gul',
};

/** `1554.9479` → `1554,9479`; `.00` → `0,00` */
function swedishDecimal(text: string): string {
  return withWhole(text).replace('.', ',');
}

/** `.00` → `0.00` */
function withWhole(text: string): string {
  return text.startsWith('.') ? `0${text}` : text;
}

/** `2014-02-08 10:01:36.827000000` → `2014-02-08 10:01:36`, on the shop's clock */
function swedishTime(text: string): string {
  return text.slice(0, 19);
}

function toDate(text: string): Date {
  return new Date(`${text.slice(0, 23).replace(' ', 'T')}Z`);
}
