import type { Book } from '../book.ts';
import type { CellRow } from '../cells.ts';
import type { Product, Stock, Vendor } from '../tables.ts';

/**
 * Denver; Counter, a system on SQL Server: tables as AdventureWorks has them, times in UTC. Its rows are parameters of
 * INSERTs; the stock's part number is joined by the source's query.
 */
export const parts: Book<Product, CellRow> = {
  entity: 'part',
  row: (product) => ({
    ProductID: product.ProductID,
    ProductNumber: product.ProductNumber,
    Name: product.Name,
    Color: product.Color === '' ? undefined : product.Color,
    StandardCost: product.StandardCost,
    State: product.SellEndDate === '' ? 'A' : 'X',
    ModifiedDate: product.ModifiedDate.slice(0, 23),
  }),
  record: (product) => ({
    manufacturer_code: 'AW',
    part_number: product.ProductNumber,
    description: product.Name,
    status: product.SellEndDate === '' ? 'active' : 'obsolete',
    standard_cost: Number(product.StandardCost).toFixed(4),
    currency: 'USD',
    ...(product.Color === '' ? {} : { extensions: { colour: product.Color } }),
  }),
};

export const stock: Book<Stock, CellRow> = {
  entity: 'part_stock',
  row: (stock) => ({
    ProductInventoryID: stock.ProductInventoryID,
    ProductID: stock.ProductID,
    LocationID: stock.LocationID,
    Shelf: stock.Shelf,
    Bin: stock.Bin,
    Quantity: stock.Quantity,
    ModifiedDate: stock.ModifiedDate.slice(0, 23),
  }),
  record: (stock) => ({
    part_number: stock.product.ProductNumber,
    branch_code: stock.LocationID,
    bin: `${stock.Shelf}-${stock.Bin}`,
    on_hand: Number(stock.Quantity),
  }),
};

export const vendors: Book<Vendor, CellRow> = {
  entity: 'supplier',
  row: (vendor) => ({
    BusinessEntityID: vendor.BusinessEntityID,
    AccountNumber: vendor.AccountNumber,
    Name: vendor.Name,
    CreditRating: vendor.CreditRating,
    PreferredVendorStatus: vendor.PreferredVendorStatus,
    ActiveFlag: vendor.ActiveFlag,
    ModifiedDate: vendor.ModifiedDate.slice(0, 23),
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
