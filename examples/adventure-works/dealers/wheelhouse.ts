import type { Customer, Order, OrderLine, Price, Product, Stock, Vendor } from '../tables.ts';
import type { Row } from '../write.ts';

/**
 * Wheelhouse, the DMS of two dealers: numbers are numbers, flags Y and N, times are the shop's local time without a zone.
 * What the product's own pack in hub.yaml maps is written here.
 */

export function wheelhousePart(product: Product): Row {
  return {
    partNo: product.ProductNumber,
    mfr: 'AW',
    descr: product.Name,
    line: product.ProductLine.trim() || undefined,
    unit: 'EA',
    state: product.SellEndDate === '' ? 'A' : 'X',
    weight: numberOf(product.Weight),
    weightUnit: product.WeightUnitMeasureCode.trim() || undefined,
    cost: numberOf(product.StandardCost),
    colour: product.Color || undefined,
    size: product.Size || undefined,
    lastChange: wheelhouseTime(product.ModifiedDate),
  };
}

export function wheelhouseStock(stock: Stock): Row {
  return {
    partNo: stock.product.ProductNumber,
    store: stock.LocationID,
    shelf: stock.Shelf,
    bin: stock.Bin,
    qty: numberOf(stock.Quantity),
    reorderAt: numberOf(stock.product.ReorderPoint),
    lastChange: wheelhouseTime(stock.ModifiedDate),
  };
}

export function wheelhousePrice(price: Price): Row {
  return {
    partNo: price.product.ProductNumber,
    kind: 'LIST',
    from: dayOf(price.StartDate),
    to: dayOf(price.EndDate) || undefined,
    price: numberOf(price.ListPrice),
    lastChange: wheelhouseTime(price.ModifiedDate),
  };
}

export function wheelhouseVendor(vendor: Vendor): Row {
  return {
    vendorNo: vendor.BusinessEntityID,
    account: vendor.AccountNumber,
    name: vendor.Name,
    rating: numberOf(vendor.CreditRating),
    preferred: flag(vendor.PreferredVendorStatus),
    active: flag(vendor.ActiveFlag),
    lastChange: wheelhouseTime(vendor.ModifiedDate),
  };
}

export function wheelhouseCustomer(customer: Customer): Row {
  return {
    custNo: customer.AccountNumber,
    kind: customer.storeName === '' ? 'P' : 'B',
    name: customer.storeName || undefined,
    territory: customer.TerritoryID,
    lastChange: wheelhouseTime(customer.ModifiedDate),
  };
}

export function wheelhouseOrder(order: Order): Row {
  return {
    poNo: order.PurchaseOrderID,
    vendorNo: order.VendorID,
    state: orderState(order.Status),
    orderedAt: wheelhouseTime(order.OrderDate),
    shipDate: dayOf(order.ShipDate) || undefined,
    tax: numberOf(order.TaxAmt),
    freight: numberOf(order.Freight),
    total: numberOf(order.TotalDue),
    lines: order.lines.map(wheelhouseLine),
    lastChange: wheelhouseTime(order.ModifiedDate),
  };
}

function wheelhouseLine(line: OrderLine): Row {
  return {
    lineNo: line.PurchaseOrderDetailID,
    partNo: line.product.ProductNumber,
    qty: numberOf(line.OrderQty),
    price: numberOf(line.UnitPrice),
    amount: numberOf(line.LineTotal),
    due: dayOf(line.DueDate),
    received: numberOf(line.ReceivedQty),
    refused: numberOf(line.RejectedQty),
  };
}

/** `2014-02-08 10:01:36.827000000` → `2014-02-08 10:01:36.827` */
export function wheelhouseTime(text: string): string {
  return text.replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '');
}

export function dayOf(text: string): string {
  return text.slice(0, 10);
}

function numberOf(text: string): number | undefined {
  return text === '' ? undefined : Number(text);
}

function flag(bit: string): string {
  return bit === '1' ? 'Y' : 'N';
}

function orderState(status: string): string {
  return { '1': 'P', '2': 'A', '3': 'R', '4': 'C' }[status] ?? status;
}
