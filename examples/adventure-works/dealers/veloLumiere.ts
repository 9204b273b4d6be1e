import type { ApiRow } from '../../dmsApi/resource.ts';
import type { Book } from '../book.ts';
import type { Order, Price, Vendor } from '../tables.ts';
import { dayOf } from './wheelhouse.ts';

/** Lyon; Atelier, a system in the cloud with a REST API: orders are nested, prices a flat list. */
export const orders: Book<Order, ApiRow> = {
  entity: 'purchase_order',
  row: (order) => ({
    order_no: order.PurchaseOrderID,
    supplier: { id: order.VendorID, name: order.vendor.Name },
    state: states[order.Status],
    ordered_at: isoTime(order.OrderDate),
    due: dayOf(order.ShipDate),
    totals: { freight: Number(order.Freight), gross: Number(order.TotalDue), currency: 'EUR' },
    lines: order.lines.map((line) => ({
      no: Number(line.PurchaseOrderDetailID),
      part_no: line.product.ProductNumber,
      qty: Number(line.OrderQty),
      price: Number(line.UnitPrice),
    })),
    updated_at: isoTime(order.ModifiedDate),
  }),
  record: (order) => ({
    purchase_order_number: order.PurchaseOrderID,
    supplier_id: order.VendorID,
    status: { '1': 'pending', '2': 'approved', '3': 'rejected', '4': 'complete' }[order.Status] ?? '',
    ordered_at: `${order.OrderDate.slice(0, 19).replace(' ', 'T')}Z`,
    eta: dayOf(order.ShipDate),
    freight: String(Number(order.Freight)),
    total: String(Number(order.TotalDue)),
    currency: 'EUR',
    lines: order.lines.map((line) => ({
      line_number: line.PurchaseOrderDetailID,
      part_number: line.product.ProductNumber,
      quantity: Number(line.OrderQty),
      unit_price: String(Number(line.UnitPrice)),
    })),
  }),
};

/** A report as CSV: everything is text. */
export const prices: Book<Price, ApiRow> = {
  entity: 'part_price',
  row: (price) => ({
    price_no: price.ProductListPriceHistoryID,
    part_no: price.product.ProductNumber,
    from: dayOf(price.StartDate),
    to: price.EndDate === '' ? undefined : dayOf(price.EndDate),
    price: price.ListPrice,
    updated_at: isoTime(price.ModifiedDate),
  }),
  record: (price) => ({
    part_number: price.product.ProductNumber,
    price_type: 'list',
    effective_from: dayOf(price.StartDate),
    ...(price.EndDate === '' ? {} : { effective_to: dayOf(price.EndDate) }),
    amount: price.ListPrice,
    currency: 'EUR',
  }),
};

export const vendors: Book<Vendor, ApiRow> = {
  entity: 'supplier',
  row: (vendor) => ({
    id: vendor.BusinessEntityID,
    account: vendor.AccountNumber,
    name: vendor.Name,
    rating: vendor.CreditRating,
    is_preferred: vendor.PreferredVendorStatus === '1',
    is_active: vendor.ActiveFlag === '1',
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

const states: Readonly<Record<string, string>> = { '1': 'open', '2': 'approved', '3': 'refused', '4': 'done' };

/** `2014-03-10 00:00:00` → `2014-03-10T00:00:00.000Z` */
export function isoTime(text: string): string {
  return new Date(`${text.slice(0, 23).replace(' ', 'T')}Z`).toISOString();
}
