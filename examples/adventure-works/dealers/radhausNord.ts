import { gzipSync } from 'node:zlib';
import type { Delivery } from '../delivery.ts';
import type { AdventureWorks, Customer, Order, OrderLine, Price, Product, Stock, Vendor } from '../tables.ts';
import { type Row, toEuropeanCsv, toJsonRecords } from '../write.ts';
import { dayOf } from './wheelhouse.ts';

const dealer = 'radhaus-nord';

/**
 * Hamburg; Velosoft, which exports CSV with decimal commas, ja and nein, and days as they are written in Germany. Orders,
 * which have lines, come as JSON. Three rows are bad, as they are in life: two counts were never entered, and one price
 * has no first day.
 */
export function radhausNord(tables: AdventureWorks): Delivery[] {
  const stores = new Set(['20', '30', '40', '45', '50', '60']);
  const territories = new Set(['7', '8', '10']);
  const deliver = (entity: string, extension: string, rows: readonly Row[], content: string | Uint8Array, bad = 0) => ({
    dealer,
    entity,
    file: `${entity}.${extension}`,
    content,
    rows: rows.length,
    bad,
  });
  const deliverCsv = (entity: string, rows: readonly Row[], bad = 0) =>
    deliver(entity, 'csv', rows, toEuropeanCsv(rows), bad);
  const stock = tables.stock.filter(({ LocationID }) => stores.has(LocationID)).map(stockRow);
  const prices = tables.prices.filter(({ EndDate }) => EndDate === '').map(priceRow);
  const customers = tables.customers.filter(({ TerritoryID }) => territories.has(TerritoryID)).map(customerRow);
  const orders = tables.orders.filter(({ VendorID }) => isOurs(VendorID)).map(orderRow);
  return [
    deliverCsv('part', tables.products.filter(({ FinishedGoodsFlag }) => FinishedGoodsFlag === '1').map(partRow)),
    deliverCsv('part_stock', spoil(stock, [11, 42], { Bestand: 'n/a' }), 2),
    deliverCsv('part_price', spoil(prices, [7], { Gueltig_ab: '00.00.0000' }), 1),
    deliverCsv('supplier', tables.vendors.filter(({ BusinessEntityID }) => isOurs(BusinessEntityID)).map(vendorRow)),
    deliver('customer', 'csv.gz', customers, gzipSync(toEuropeanCsv(customers))),
    deliver('purchase_order', 'json', orders, toJsonRecords(orders)),
  ];
}

function spoil(rows: readonly Row[], indexes: readonly number[], by: Row): Row[] {
  return rows.map((row, index) => (indexes.includes(index) ? { ...row, ...by } : row));
}

function partRow(product: Product): Row {
  return {
    Artikelnummer: product.ProductNumber,
    Hersteller: 'AW',
    Bezeichnung: product.Name,
    Warengruppe: product.ProductLine.trim(),
    Einheit: 'Stk',
    Auslaufartikel: yesNo(product.SellEndDate === '' ? '0' : '1'),
    Gewicht_kg: germanDecimal(kilogramsOf(product)),
    EK_Preis: germanDecimal(product.StandardCost),
    Geaendert: germanTime(product.ModifiedDate),
  };
}

function stockRow(stock: Stock): Row {
  return {
    Artikelnummer: stock.product.ProductNumber,
    Lager: stock.LocationID,
    Regal: stock.Shelf,
    Fach: stock.Bin,
    Bestand: germanDecimal(stock.Quantity),
    Meldebestand: germanDecimal(stock.product.ReorderPoint),
    Geaendert: germanTime(stock.ModifiedDate),
  };
}

function priceRow(price: Price): Row {
  return {
    Artikelnummer: price.product.ProductNumber,
    Preisart: 'VK',
    Gueltig_ab: germanDay(price.StartDate),
    Betrag: germanDecimal(price.ListPrice),
    Geaendert: germanTime(price.ModifiedDate),
  };
}

function vendorRow(vendor: Vendor): Row {
  return {
    Lieferantennummer: vendor.BusinessEntityID,
    Kundennummer_beim_Lieferanten: vendor.AccountNumber,
    Name: vendor.Name,
    Bonitaet: vendor.CreditRating,
    Bevorzugt: yesNo(vendor.PreferredVendorStatus),
    Aktiv: yesNo(vendor.ActiveFlag),
    Geaendert: germanTime(vendor.ModifiedDate),
  };
}

function customerRow(customer: Customer): Row {
  return {
    Kundennummer: customer.AccountNumber,
    Kundenart: customer.storeName === '' ? 'privat' : 'gewerblich',
    Name: customer.storeName,
    Geaendert: germanTime(customer.ModifiedDate),
  };
}

function orderRow(order: Order): Row {
  return {
    Bestellnummer: order.PurchaseOrderID,
    Lieferantennummer: order.VendorID,
    Status: { '1': 'offen', '2': 'freigegeben', '3': 'abgelehnt', '4': 'erledigt' }[order.Status],
    Bestelldatum: germanTime(order.OrderDate),
    Liefertermin: germanDay(order.ShipDate),
    MwSt: germanDecimal(order.TaxAmt),
    Fracht: germanDecimal(order.Freight),
    Summe: germanDecimal(order.TotalDue),
    Positionen: order.lines.map(positionRow),
    Geaendert: germanTime(order.ModifiedDate),
  };
}

function positionRow(line: OrderLine): Row {
  return {
    Pos: line.PurchaseOrderDetailID,
    Artikelnummer: line.product.ProductNumber,
    Menge: germanDecimal(line.OrderQty),
    Einzelpreis: germanDecimal(line.UnitPrice),
    Betrag: germanDecimal(line.LineTotal),
    Termin: germanDay(line.DueDate),
    Geliefert: germanDecimal(line.ReceivedQty),
    Abgelehnt: germanDecimal(line.RejectedQty),
  };
}

/** `1554.9479` → `1.554,9479`; `.00` → `0,00` */
export function germanDecimal(text: string): string {
  if (text === '') return '';
  const [whole = '', fraction] = text.split('.');
  const grouped = (whole === '' ? '0' : whole).replace(/\B(?=(\d{3})+$)/g, '.');
  return fraction === undefined ? grouped : `${grouped},${fraction}`;
}

/** `2014-02-08 …` → `08.02.2014` */
export function germanDay(text: string): string {
  return dayOf(text).split('-').reverse().join('.');
}

/** `2014-02-08 10:01:36.827000000` → `08.02.2014 10:01:36` */
export function germanTime(text: string): string {
  return `${germanDay(text)} ${text.slice(11, 19)}`;
}

function yesNo(bit: string): string {
  return bit === '1' ? 'ja' : 'nein';
}

/** AdventureWorks weighs frames in pounds and small parts in grams. */
function kilogramsOf({ Weight, WeightUnitMeasureCode }: Product): string {
  if (Weight === '') return '';
  const kilograms = Number(Weight) * (WeightUnitMeasureCode.trim() === 'LB' ? 0.45359237 : 0.001);
  return kilograms.toFixed(3);
}

function isOurs(vendorId: string): boolean {
  return Number(vendorId) % 3 === 1;
}
