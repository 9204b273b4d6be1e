import type { FromSchema } from 'json-schema-to-ts';
import type { EntitySchema } from './fieldSchema.ts';
import { customer } from './schemas/customer.ts';
import { invoice } from './schemas/invoice.ts';
import { part } from './schemas/part.ts';
import { partPrice } from './schemas/partPrice.ts';
import { partStock } from './schemas/partStock.ts';
import { purchaseOrder } from './schemas/purchaseOrder.ts';
import { salesOrder } from './schemas/salesOrder.ts';
import { supplier } from './schemas/supplier.ts';
import { unit } from './schemas/unit.ts';
import { workOrder } from './schemas/workOrder.ts';

const schemas = {
  part,
  part_stock: partStock,
  part_price: partPrice,
  customer,
  supplier,
  unit,
  work_order: workOrder,
  sales_order: salesOrder,
  invoice,
  purchase_order: purchaseOrder,
};

/** The canonical kinds of record; contract.md, "Names". */
export type EntityName = keyof typeof schemas;

/** The canonical data of a record of that entity, key defaults taken. */
export type DataOf<Name extends EntityName> = FromSchema<(typeof schemas)[Name]>;

export interface Entity {
  readonly name: EntityName;
  readonly schema: EntitySchema;
  /** Key fields in the order of the record's id. */
  readonly key: readonly string[];
  /** Rises when the same source row would give other canonical data. */
  readonly schemaVersion: number;
}

export const entities: Readonly<Record<EntityName, Entity>> = {
  part: entity('part', 1),
  part_stock: entity('part_stock', 1),
  part_price: entity('part_price', 1),
  customer: entity('customer', 1),
  supplier: entity('supplier', 1),
  unit: entity('unit', 1),
  work_order: entity('work_order', 1),
  sales_order: entity('sales_order', 1),
  invoice: entity('invoice', 1),
  purchase_order: entity('purchase_order', 1),
};

/** True for the name of a canonical entity, as it comes in a route, a file's name or a configuration. */
export function isEntityName(text: string): text is EntityName {
  return Object.hasOwn(entities, text);
}

function entity(name: EntityName, schemaVersion: number): Entity {
  const schema = schemas[name];
  return { name, schema, key: schema['x-key'], schemaVersion };
}
