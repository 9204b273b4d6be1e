import { isJsonObject, type JsonObject } from '../../model/json.ts';

/** Rows of a page, unless the source says otherwise: short pages, so that nothing is held long in a dealer's database. */
const usualPageRows = 5_000;

/** What every database lets a source set: properties for a dialect's JSON Schema of the source. */
export const sourceProperties = {
  schema: {
    type: 'string',
    minLength: 1,
    maxLength: 128,
    description: 'Where tables are that are named without a schema. Default: where the login looks first.',
  },
  queries: {
    type: 'object',
    description:
      'Named SELECT statements that entities can read instead of a table. One statement each, without parameters, ORDER BY or a semicolon; its columns need names.',
    maxProperties: 50,
    propertyNames: { pattern: '^[A-Za-z0-9_-]{1,64}$' },
    additionalProperties: { type: 'string', minLength: 8, maxLength: 20_000 },
  },
  page_rows: {
    type: 'integer',
    minimum: 1,
    maximum: 50_000,
    description: 'Rows of a page: one short SELECT. Default: 5,000.',
  },
  connect_timeout_ms: {
    type: 'integer',
    minimum: 100,
    maximum: 60_000,
    description: 'How long a connection may take until the login is through. Default: 5,000.',
  },
  lock_timeout_ms: {
    type: 'integer',
    minimum: 1,
    maximum: 600_000,
    description: 'How long a page may wait for a lock; then it is given up and tried again later. Default: 5,000.',
  },
  statement_timeout_ms: {
    type: 'integer',
    minimum: 100,
    maximum: 600_000,
    description: 'How long one page may take; then the database stops it. Default: 60,000.',
  },
  tls: {
    type: 'object',
    additionalProperties: false,
    description: 'How the server proves who it is, where a public authority does not vouch for it.',
    properties: {
      ca: {
        type: 'string',
        minLength: 1,
        maxLength: 100_000,
        description: 'The authority that signed its certificate, as PEM. Default: the authorities that Node.js trusts.',
      },
      server_name: {
        type: 'string',
        minLength: 1,
        maxLength: 253,
        description: 'The name that its certificate is for. Default: the host of the connection string.',
      },
    },
  },
} as const;

/** The JSON Schema of an entity: the same for all databases. */
export const entitySettingsSchema = {
  title: 'SqlEntitySettings',
  type: 'object',
  additionalProperties: false,
  required: ['key'],
  // Both are refused by `targetFaults`, in better words.
  if: { required: ['query'], properties: { query: {} } },
  else: { required: ['table'], properties: { table: {} } },
  properties: {
    table: {
      type: 'string',
      minLength: 1,
      maxLength: 261,
      description:
        'A table or view, as `schema.name`; names with a dot in quotes. Upper and lower case as the database has them.',
      examples: ['dbo.ProductInventory', '"my.schema"."Parts"'],
    },
    query: {
      type: 'string',
      minLength: 1,
      maxLength: 64,
      description: "Instead of a table: the name of one of the source's `settings.queries`.",
    },
    key: {
      type: 'array',
      minItems: 1,
      maxItems: 8,
      uniqueItems: true,
      items: { type: 'string', minLength: 1, maxLength: 128 },
      description:
        'Columns that together are different for every row and never NULL: the primary key, if there is one. Pages go by it.',
      examples: [['ProductInventoryID']],
    },
    columns: {
      type: 'array',
      minItems: 1,
      maxItems: 1_000,
      uniqueItems: true,
      items: { type: 'string', minLength: 1, maxLength: 128 },
      description: 'The columns to read. Default: those that the mapping reads, or all where unmapped ones are kept.',
    },
    soft_delete: {
      type: 'object',
      additionalProperties: false,
      required: ['column'],
      description: 'How a row says that it is deleted.',
      properties: {
        column: { type: 'string', minLength: 1, maxLength: 128, description: 'Where it says so.' },
        values: {
          type: 'array',
          minItems: 1,
          maxItems: 20,
          items: { type: ['string', 'number', 'boolean'] },
          description: 'What it says then. Default: anything but NULL, false, 0, no and blank text.',
          examples: [['D', 'X']],
        },
      },
    },
  },
} as const;

/** A source's settings, defaults filled in. */
export interface SourceSettings {
  readonly schema: string | undefined;
  readonly queries: Readonly<Record<string, string>>;
  readonly pageRows: number;
  readonly connectTimeoutMs: number;
  readonly lockTimeoutMs: number;
  readonly statementTimeoutMs: number;
  readonly tls: { readonly ca: string | undefined; readonly serverName: string | undefined };
}

export interface SoftDelete {
  readonly column: string;
  readonly values: readonly string[] | undefined;
}

/** An entity's settings. */
export interface EntitySettings {
  readonly table: string | undefined;
  readonly query: string | undefined;
  readonly key: readonly string[];
  readonly columns: readonly string[] | undefined;
  readonly softDelete: SoftDelete | undefined;
}

/** What the JSON Schema let through; what it would not have is taken as left out. */
export function readSourceSettings(json: JsonObject): SourceSettings {
  const tls = isJsonObject(json.tls) ? json.tls : {};
  return {
    schema: textOf(json.schema),
    queries: Object.fromEntries(
      Object.entries(isJsonObject(json.queries) ? json.queries : {}).flatMap(([name, sql]) =>
        typeof sql === 'string' ? [[name, sql]] : [],
      ),
    ),
    pageRows: numberOf(json.page_rows) ?? usualPageRows,
    connectTimeoutMs: numberOf(json.connect_timeout_ms) ?? 5_000,
    lockTimeoutMs: numberOf(json.lock_timeout_ms) ?? 5_000,
    statementTimeoutMs: numberOf(json.statement_timeout_ms) ?? 60_000,
    tls: { ca: textOf(tls.ca), serverName: textOf(tls.server_name) },
  };
}

export function readEntitySettings(json: JsonObject): EntitySettings {
  const softDelete = isJsonObject(json.soft_delete) ? json.soft_delete : undefined;
  const column = textOf(softDelete?.column);
  return {
    table: textOf(json.table),
    query: textOf(json.query),
    key: textsOf(json.key) ?? [],
    columns: textsOf(json.columns),
    softDelete: column === undefined ? undefined : { column, values: textsOf(softDelete?.values) },
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function textsOf(value: unknown): readonly string[] | undefined {
  return Array.isArray(value) ? value.map((item) => String(item)) : undefined;
}
