import { gzipSync } from 'node:zlib';
import type { Delivery } from '../delivery.ts';
import type { AdventureWorks, Order, Stock, Vendor } from '../tables.ts';
import { type Row, toNdjson, toXml } from '../write.ts';
import {
  wheelhouseCustomer,
  wheelhouseOrder,
  wheelhousePart,
  wheelhousePrice,
  wheelhouseStock,
  wheelhouseVendor,
} from './wheelhouse.ts';

const dealer = 'prairie-bikes';

/**
 * Des Moines, Iowa; Wheelhouse 4, which knows XML only (customers come from a newer add-on, as gzipped NDJSON). The
 * older version has a place in one field, numbers for an order's state, and 1 and 0 for flags.
 */
export function prairieBikes(tables: AdventureWorks): Delivery[] {
  const lines = new Set(['R', 'T']);
  const stores = new Set(['5', '7', '10']);
  const territories = new Set(['2', '3', '5', '6']);
  const sells = ({ ProductLine }: { readonly ProductLine: string }) => lines.has(ProductLine.trim());
  const deliver = (entity: string, extension: string, rows: readonly Row[], content: string | Uint8Array) => ({
    dealer,
    entity,
    file: `${entity}.${extension}`,
    content,
    rows: rows.length,
    bad: 0,
  });
  const deliverXml = (entity: string, rows: readonly Row[]) =>
    deliver(entity, 'xml', rows, toXml('wheelhouse', entity, rows));
  const customers = tables.customers.filter(({ TerritoryID }) => territories.has(TerritoryID)).map(wheelhouseCustomer);
  return [
    deliverXml('part', tables.products.filter(sells).map(wheelhousePart)),
    deliverXml('part_stock', tables.stock.filter(({ LocationID }) => stores.has(LocationID)).map(stockRow)),
    deliverXml('part_price', tables.prices.filter(({ product }) => sells(product)).map(wheelhousePrice)),
    deliverXml('supplier', tables.vendors.filter(({ BusinessEntityID }) => isOurs(BusinessEntityID)).map(vendorRow)),
    deliver('customer', 'ndjson.gz', customers, gzipSync(toNdjson(customers))),
    deliverXml('purchase_order', tables.orders.filter(({ VendorID }) => isOurs(VendorID)).map(orderRow)),
  ];
}

function stockRow(stock: Stock): Row {
  const { shelf, bin, ...row } = wheelhouseStock(stock);
  return { ...row, place: `${shelf}/${bin}` };
}

function vendorRow(vendor: Vendor): Row {
  return { ...wheelhouseVendor(vendor), preferred: vendor.PreferredVendorStatus, active: vendor.ActiveFlag };
}

function orderRow(order: Order): Row {
  return { ...wheelhouseOrder(order), state: order.Status };
}

function isOurs(vendorId: string): boolean {
  return Number(vendorId) % 3 === 2;
}
