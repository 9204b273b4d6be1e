/** The part of JSON Schema 2020-12 that canonical schemas use; whoever walks a schema has no more than this to expect. */
export interface FieldSchema {
  readonly type: 'string' | 'number' | 'integer' | 'boolean' | 'object' | 'array';
  readonly description: string;
  readonly format?: 'decimal' | 'date' | 'date-time';
  readonly pattern?: string;
  readonly minLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly examples?: readonly (string | number)[];
  /** Only of key fields: what a missing one takes. */
  readonly default?: string;
  readonly items?: FieldSchema;
  /** An object without `properties` holds anything. */
  readonly properties?: Readonly<Record<string, FieldSchema>>;
  readonly additionalProperties?: false;
}

export interface EntitySchema extends FieldSchema {
  readonly $schema: 'https://json-schema.org/draft/2020-12/schema';
  readonly title: string;
  readonly type: 'object';
  /** The key fields in the order of the record's id; each is of type string. */
  readonly 'x-key': readonly [string, ...string[]];
  /** The key fields that have no default. */
  readonly required: readonly string[];
  readonly properties: Readonly<Record<string, FieldSchema>>;
  readonly additionalProperties: false;
}
